package page

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"t5train/data/table"
)

// dateCell makes text of the days since 1970-01-01.
func dateCell(days int64) (table.Cell, error) {
	return stringCell(time.Unix(days*24*60*60, 0).UTC().Format(time.DateOnly))
}

// unit is what a time or timestamp counts.
type unit struct {
	perSecond int64
	utc       bool // the schema says that times are adjusted to UTC
}

// unitOf returns the unit of a time or timestamp, if the schema names one.
func unitOf(e *format.SchemaElement) (unit, bool) {
	var logical format.TimeUnit
	var u unit
	switch t := e.LogicalType.Value.(type) {
	case *format.TimeType:
		logical, u.utc = t.Unit, t.IsAdjustedToUTC
	case *format.TimestampType:
		logical, u.utc = t.Unit, t.IsAdjustedToUTC
	}
	switch logical.Value.(type) {
	case *format.MilliSeconds:
		u.perSecond = 1e3
	case *format.MicroSeconds:
		u.perSecond = 1e6
	case *format.NanoSeconds:
		u.perSecond = 1e9
	case nil:
		u.utc = true // as the format says of what older writers leave
		switch e.ConvertedType.V {
		case deprecated.TimeMillis, deprecated.TimestampMillis:
			u.perSecond = 1e3
		case deprecated.TimeMicros, deprecated.TimestampMicros:
			u.perSecond = 1e6
		}
	}
	return u, u.perSecond > 0
}

const clock = "15:04:05.999999999" // without zeros at the end of the fraction

// at returns the time that v counts to from 1970.
func (u unit) at(v int64) time.Time {
	seconds, rest := v/u.perSecond, v%u.perSecond // rest may be negative: time.Unix takes it so
	return time.Unix(seconds, rest*(1e9/u.perSecond)).UTC()
}

func (u unit) timestamp(v int64) (table.Cell, error) {
	text := u.at(v).Format("2006-01-02T" + clock)
	if u.utc {
		text += "Z"
	}
	return stringCell(text)
}

func (u unit) time(v int64) (table.Cell, error) {
	if v < 0 || v >= 24*60*60*u.perSecond {
		return table.Cell{}, fmt.Errorf("%d is no time of a day in 1/%d seconds: the file is corrupt", v, u.perSecond)
	}
	return stringCell(u.at(v).Format(clock))
}

// int96Timestamp reads what Impala and old versions of Spark write: nanoseconds of the day, and the Julian day.
func int96Timestamp(raw string) (table.Cell, error) {
	const julian1970 = 2440588
	nanos := int64(binary.LittleEndian.Uint64([]byte(raw[:8])))
	day := int64(int32(binary.LittleEndian.Uint32([]byte(raw[8:]))))
	return stringCell(time.Unix((day-julian1970)*24*60*60, nanos).UTC().Format("2006-01-02T" + clock))
}

// scale is the number of digits that a decimal has behind its point.
type scale int32

const (
	maxScale        = 76 // digits, of a decimal of 256 bits
	maxDecimalBytes = 32
)

func scaleOf(e *format.SchemaElement) scale {
	if decimal, ok := e.LogicalType.Value.(*format.DecimalType); ok {
		return scale(decimal.Scale)
	}
	return scale(e.Scale.V)
}

func (s scale) integer(v int64) (table.Cell, error) { return s.cell(big.NewInt(v)) }

// bytes reads a big-endian two's complement number.
func (s scale) bytes(raw string) (table.Cell, error) {
	if len(raw) > maxDecimalBytes {
		return table.Cell{}, notRead("decimal of %d bytes, at most %d are read", len(raw), maxDecimalBytes)
	}
	v := new(big.Int).SetBytes([]byte(raw))
	if len(raw) > 0 && raw[0] >= 0x80 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
	}
	return s.cell(v)
}

func (s scale) cell(v *big.Int) (table.Cell, error) {
	digits := new(big.Int).Abs(v).String()
	if missing := int(s) + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - int(s)
	text := digits[:point]
	if s > 0 {
		text += "." + digits[point:]
	}
	if v.Sign() < 0 {
		text = "-" + text
	}
	return stringCell(text)
}

// float16Cell reads an IEEE 754 half-precision number: 1 bit of sign, 5 of exponent, 10 of fraction.
func float16Cell(raw string) (table.Cell, error) {
	bits := binary.LittleEndian.Uint16([]byte(raw))
	exponent, fraction := int(bits>>10&0x1f), float64(bits&0x3ff)
	var v float64
	switch exponent {
	case 0:
		v = math.Ldexp(fraction, -24)
	case 0x1f:
		if v = math.Inf(1); fraction != 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits>>15 == 1 {
		v = -v
	}
	return table.Cell{Kind: table.Float, Float: v}, nil
}
