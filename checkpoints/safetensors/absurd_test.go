package safetensors

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// absurdHeaders are headers with what the error says about them.
var absurdHeaders = [][2]string{
	{`tensor "a": shape [4611686018427387904 4] of F32 overflows`,
		`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}`},
	{"overflows", `{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}`},
	{"overflows", `{"a":{"dtype":"F32","shape":[4294967296,2147483648,8,0],"data_offsets":[0,0]}}`},
	{`tensor "a": shape: got -1`, `{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`},
	{`tensor "a": its data ends at byte 4611686018427387904`,
		`{"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4611686018427387904]}}`},
	{"its data ends at byte 9223372036854775807",
		`{"a":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775803,9223372036854775807]}}`},
	{"data_offsets: got 9223372036854775808",
		`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,9223372036854775808]}}`},
	{"data_offsets [4 0]", `{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`},
	{"shape: it has more than 16 numbers", `{"a":{"dtype":"F32","shape":[` + strings.Repeat("1,", 100_000) +
		`1],"data_offsets":[0,4]}}`},
	{"data_offsets: it has more than 16 numbers", `{"a":{"dtype":"F32","shape":[1],"data_offsets":[` +
		strings.Repeat("0,", 100_000) + `4]}}`},
	{"shape: got 9999", `{"a":{"dtype":"F32","shape":[` + strings.Repeat("9", 100_000) + `],"data_offsets":[0,4]}}`},
	{"shape: got [", `{"a":{"dtype":"F32","shape":` + strings.Repeat("[", 100_000) + `,"data_offsets":[0,4]}}`},
	{"dtype: got {", `{"a":{"dtype":` + strings.Repeat(`{"a":`, 100_000)},
	{"is unknown", `{"a":{"dtype":"` + strings.Repeat("F", 100_000) + `","shape":[1],"data_offsets":[0,4]}}`},
	{"dtype: got", `{"` + strings.Repeat("a", 100_000) + `":{"dtype":4}}`},
	{"stands there twice", `{"__metadata__":{},"` + strings.Repeat("a", 100_000) +
		`":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"` +
		strings.Repeat("a", 100_000) + `":{}}`},
	{"__metadata__: got {", `{"__metadata__":` + strings.Repeat(`{"a":`, 100_000)},
}

func TestOpen_AbsurdHeaders(t *testing.T) {
	for i, c := range absurdHeaders {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			path := writeFile(t, fileOf(c[1], 4))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Open(path)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), c[0]) || !strings.Contains(err.Error(), path) {
				t.Fatalf("got error %.300v, want one with %q and the file", err, c[0])
			}
			if n := len(err.Error()); n > 1000 {
				t.Errorf("the error has %d bytes", n)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
				t.Errorf("%d bytes were allocated for a header of %d", n, len(c[1]))
			}
		})
	}
	for _, length := range []uint64{1 << 60, 1<<63 + 8, 1<<64 - 1} {
		path := writeFile(t, binary.LittleEndian.AppendUint64(nil, length))
		if _, err := Open(path); err == nil ||
			!strings.Contains(err.Error(), fmt.Sprintf("the header should have %d bytes, the file has 8", length)) {
			t.Errorf("length %d: got error %v", length, err)
		}
	}
}

func TestParseHeader_ManyTensors(t *testing.T) {
	var header strings.Builder
	header.WriteString("{")
	for i := range maxTensors + 1 {
		fmt.Fprintf(&header, `"%x":{"dtype":"I8","shape":[0],"data_offsets":[0,0]},`, i)
	}
	if _, _, err := parseHeader([]byte(header.String())); err == nil ||
		!strings.Contains(err.Error(), "more than 16384 tensors") {
		t.Errorf("got error %v", err)
	}
}
