package page

import (
	"math"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"t5train/data/table"
)

func typed(physical format.Type, logical thrift.UnionMember) *format.SchemaElement {
	e := &format.SchemaElement{Name: "x", Type: thrift.New(physical)}
	switch logical := logical.(type) {
	case *format.DateType:
		e.LogicalType.Value = logical
	case *format.TimeType:
		e.LogicalType.Value = logical
	case *format.TimestampType:
		e.LogicalType.Value = logical
	case *format.DecimalType:
		e.LogicalType.Value = logical
	case *format.Float16Type:
		e.LogicalType.Value = logical
	case *format.IntType:
		e.LogicalType.Value = logical
	}
	return e
}

func old(physical format.Type, c deprecated.ConvertedType) *format.SchemaElement {
	return &format.SchemaElement{Name: "x", Type: thrift.New(physical), ConvertedType: thrift.New(c)}
}

func TestTypeOf_Integers(t *testing.T) {
	millis := format.TimeUnit{Value: &format.MilliSeconds{}}
	micros := format.TimeUnit{Value: &format.MicroSeconds{}}
	nanos := format.TimeUnit{Value: &format.NanoSeconds{}}
	timestamp := func(unit format.TimeUnit, utc bool) *format.SchemaElement {
		return typed(format.Int64, &format.TimestampType{Unit: unit, IsAdjustedToUTC: utc})
	}
	decimal := func(scale int32) *format.SchemaElement {
		return typed(format.Int64, &format.DecimalType{Scale: scale, Precision: 18})
	}
	cases := []struct {
		name    string
		element *format.SchemaElement
		value   int64
		kind    string
		want    string // or a part of the error
	}{
		{"int", typed(format.Int64, nil), -7, table.TypeInt, "-7"},
		{"uint32", typed(format.Int32, &format.IntType{BitWidth: 32}), -1, table.TypeInt, "4294967295"},
		{"uint64", typed(format.Int64, &format.IntType{BitWidth: 64}), math.MaxInt64, table.TypeInt,
			"9223372036854775807"},
		{"uint64 beyond", typed(format.Int64, &format.IntType{BitWidth: 64}), -1, table.TypeInt,
			"18446744073709551615 does not fit"},
		{"date", typed(format.Int32, &format.DateType{}), 19782, table.TypeDate, "2024-02-29"},
		{"date before 1970", old(format.Int32, deprecated.Date), -1, table.TypeDate, "1969-12-31"},
		{"millis", timestamp(millis, true), 1709251199250, table.TypeTimestamp, "2024-02-29T23:59:59.25Z"},
		{"micros", timestamp(micros, false), 1709251199000001, table.TypeTimestamp, "2024-02-29T23:59:59.000001"},
		{"nanos before 1970", timestamp(nanos, false), -1, table.TypeTimestamp, "1969-12-31T23:59:59.999999999"},
		{"smallest micros", timestamp(micros, false), math.MinInt64, table.TypeTimestamp,
			"-290308-12-21T19:59:05.224192"},
		{"old millis", old(format.Int64, deprecated.TimestampMillis), 0, table.TypeTimestamp, "1970-01-01T00:00:00Z"},
		{"no unit", timestamp(format.TimeUnit{}, true), 0, "timestamp of an unknown unit", ""},
		{"time", typed(format.Int64, &format.TimeType{Unit: nanos}), 86399e9 + 1, table.TypeTime, "23:59:59.000000001"},
		{"old time", old(format.Int32, deprecated.TimeMillis), 1500, table.TypeTime, "00:00:01.5"},
		{"no time of day", typed(format.Int64, &format.TimeType{Unit: micros}), 86400e6, table.TypeTime,
			"no time of a day"},
		{"decimal", decimal(2), -1250, table.TypeDecimal, "-12.50"},
		{"small decimal", decimal(5), 7, table.TypeDecimal, "0.00007"},
		{"negative small decimal", decimal(2), -7, table.TypeDecimal, "-0.07"},
		{"decimal of scale 0", decimal(0), -7, table.TypeDecimal, "-7"},
		{"smallest decimal", decimal(18), math.MinInt64, table.TypeDecimal, "-9.223372036854775808"},
		{"decimal of a wild scale", decimal(1 << 30), 1, "decimal of scale 1073741824", ""},
		{"text in integers", old(format.Int32, deprecated.UTF8), 1, "string stored as INT32", ""},
		{"interval in integers", old(format.Int32, deprecated.Interval), 1, "interval", ""},
		{"decimal of a negative scale", decimal(-1), 1, "decimal of scale -1", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := TypeOf(c.element)
			name := s.Name
			if name != c.kind {
				t.Fatalf("type %q, want %q", name, c.kind)
			}
			if (table.Column{Type: name}).Readable() != (s.integer != nil) {
				t.Fatalf("type %q: readable %v", name, table.Column{Type: name}.Readable())
			}
			if s.integer == nil {
				return
			}
			got, err := s.integer(c.value)
			if got.Text() != c.want && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %q, %v, want %q", got.Text(), err, c.want)
			}
		})
	}
}

func TestTypeOf_Bytes(t *testing.T) {
	fixed := func(size int32, logical thrift.UnionMember) *format.SchemaElement {
		e := typed(format.FixedLenByteArray, logical)
		e.TypeLength = thrift.New(size)
		return e
	}
	half := fixed(2, &format.Float16Type{})
	decimal := &format.DecimalType{Scale: 3, Precision: 76}
	cases := []struct {
		name    string
		element *format.SchemaElement
		value   string
		kind    string
		want    string // or a part of the error
	}{
		{"bytes", typed(format.ByteArray, nil), "\x00é", table.TypeString, "\x00é"},
		{"float16", half, "\x00\x3e", table.TypeFloat, "1.5"},
		{"float16, smallest", half, "\x01\x80", table.TypeFloat, "-5.960464477539063e-08"},
		{"float16, largest", half, "\xff\x7b", table.TypeFloat, "65504"},
		{"float16, infinite", half, "\x00\xfc", table.TypeFloat, "-Inf"},
		{"float16, no number", half, "\x01\x7c", table.TypeFloat, "NaN"},
		{"float16 of 4 bytes", fixed(4, &format.Float16Type{}), "", "float16", ""},
		{"decimal", fixed(3, decimal), "\x00\x01\x00", table.TypeDecimal, "0.256"},
		{"negative decimal", fixed(3, decimal), "\xff\xff\x00", table.TypeDecimal, "-0.256"},
		{"decimal of 76 digits", typed(format.ByteArray, decimal), "\x80" + strings.Repeat("\x00", 31),
			table.TypeDecimal,
			"-57896044618658097711785492504343953926634992332820282019728792003956564819.968"},
		{"decimal without bytes", typed(format.ByteArray, decimal), "", table.TypeDecimal, "0.000"},
		{"endless decimal", typed(format.ByteArray, decimal), strings.Repeat("\x01", 33), table.TypeDecimal,
			"33 bytes"},
		{"timestamp", typed(format.Int96, nil), "\x01\x00\x00\x00\x00\x00\x00\x00\x8d\x3d\x25\x00", table.TypeTimestamp,
			"1970-01-02T00:00:00.000000001"},
		{"fixed", fixed(3, nil), "", "fixed-length bytes", ""},
		{"fixed without a length", fixed(0, decimal), "", "fixed-length bytes of length 0", ""},
		{"date in bytes", old(format.ByteArray, deprecated.Date), "", "date stored as BYTE_ARRAY", ""},
		{"time of a fixed length", fixed(8, &format.TimeType{}), "", "time stored as FIXED_LEN_BYTE_ARRAY", ""},
		{"interval", old(format.ByteArray, deprecated.Interval), "", "interval", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := TypeOf(c.element)
			name := s.Name
			if name != c.kind {
				t.Fatalf("type %q, want %q", name, c.kind)
			}
			if (table.Column{Type: name}).Readable() != (s.bytes != nil) {
				t.Fatalf("type %q: readable %v", name, table.Column{Type: name}.Readable())
			}
			if s.bytes == nil {
				return
			}
			got, err := s.bytes(c.value)
			if got.Text() != c.want && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %q, %v, want %q", got.Text(), err, c.want)
			}
		})
	}
}
