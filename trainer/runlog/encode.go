package runlog

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Scalar is a point of a curve.
type Scalar struct {
	Tag   string // TensorBoard groups the curves by what stands before the slash: train/loss
	Value float64
}

// The fields of the messages, of tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.
const (
	eventWallTime    protowire.Number = 1 // double, seconds since 1970
	eventStep        protowire.Number = 2 // int64
	eventFileVersion protowire.Number = 3 // string, of the first event
	eventSummary     protowire.Number = 5
	eventSessionLog  protowire.Number = 7
	sessionStatus    protowire.Number = 1
	summaryValue     protowire.Number = 1
	valueTag         protowire.Number = 1
	valueSimple      protowire.Number = 2 // float

	fileVersion  = "brain.Event:2" // that of files whose sessions say when points before them are void
	sessionStart = 1               // SessionLog.START
)

// newEvent begins an event.
func newEvent(at time.Time, step int) []byte {
	b := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, math.Float64bits(float64(at.UnixMicro())/1e6))
	b = protowire.AppendTag(b, eventStep, protowire.VarintType)
	return protowire.AppendVarint(b, uint64(step))
}

// versionEvent is the first event of a file.
func versionEvent(at time.Time) []byte {
	b := protowire.AppendTag(newEvent(at, 0), eventFileVersion, protowire.BytesType)
	return protowire.AppendString(b, fileVersion)
}

// startEvent makes void what a reader has of step 0 and later.
func startEvent(at time.Time) []byte {
	session := protowire.AppendVarint(protowire.AppendTag(nil, sessionStatus, protowire.VarintType), sessionStart)
	b := protowire.AppendTag(newEvent(at, 0), eventSessionLog, protowire.BytesType)
	return protowire.AppendBytes(b, session)
}

// event returns the event that holds a point.
func (p Point) event() []byte {
	var summary []byte
	for _, s := range p.Scalars {
		value := protowire.AppendString(protowire.AppendTag(nil, valueTag, protowire.BytesType), s.Tag)
		value = protowire.AppendFixed32(protowire.AppendTag(value, valueSimple, protowire.Fixed32Type),
			math.Float32bits(float32(s.Value)))
		summary = protowire.AppendBytes(protowire.AppendTag(summary, summaryValue, protowire.BytesType), value)
	}
	return protowire.AppendBytes(protowire.AppendTag(newEvent(p.Time, p.Step), eventSummary, protowire.BytesType),
		summary)
}

// appendRecord appends a record of a TFRecord file:
//
//	uint64 length, uint32 masked checksum of it, data, uint32 masked checksum of the data
func appendRecord(dst, data []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(data)))
	dst = binary.LittleEndian.AppendUint32(dst, maskedSum(dst[start:]))
	dst = append(dst, data...)
	return binary.LittleEndian.AppendUint32(dst, maskedSum(data))
}

// maskedSum is the CRC-32C of data, turned and moved, because a checksum of data that holds checksums is weak: the mask
// of tensorflow/core/lib/hash/crc32c.h.
func maskedSum(data []byte) uint32 {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (sum>>15 | sum<<17) + 0xa282ead8
}
