package page

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"t5train/internal/bounded"
)

const testMaxPage = 1 << 20 // bytes

// TestBombs reads values whose headers claim far more than the bytes behind them hold.
func TestBombs(t *testing.T) {
	run := []byte{0xfe, 0xff, 0xff, 0xff, 0x0f, 1} // 2^31-1 times the value 1
	r := rleReader{src: run, width: 1}
	before := allocated()
	for range 1000 {
		if v, err := r.next(); v != 1 || err != nil {
			t.Fatal(v, err)
		}
	}
	packed := rleReader{src: []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 1}, width: 4} // 2^31-1 groups of 8 packed values
	for range 2 {
		if _, err := packed.next(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := packed.next(); err == nil {
		t.Error("a packed run goes on past its bytes")
	}
	if used := allocated() - before; used > 1<<16 {
		t.Errorf("runs allocated %d bytes", used)
	}
	// 2^45 values in blocks of 2^16 equal ones, each of two zero bytes: to walk over them would take the night.
	delta := append([]byte{0x80, 0x80, 0x04, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x08, 0}, make([]byte, 1<<20)...)
	if _, _, err := splitDelta(delta); err == nil {
		t.Error("delta values go on past their bytes")
	}
	if _, _, err := thriftLen([]byte{0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0}); !errors.Is(err, errShort) {
		t.Errorf("list of 2^31-1 structs: got %v", err)
	}
	deep := bytes.Repeat([]byte{0x1c}, 1<<20)
	if _, _, err := thriftLen(deep); err == nil || errors.Is(err, errShort) {
		t.Errorf("a million nested structs: got %v", err)
	}
}

func TestRecovered(t *testing.T) {
	wantError(t, Recovered(func() error { panic("index out of range") }), "corrupt", "index out of range")
}

// A page that can only be one cell is not even expanded.
func TestTooLargeCellTakesNoMemory(t *testing.T) {
	type doc struct {
		Text string `parquet:"text,zstd"`
	}
	var buffer bytes.Buffer
	w := parquet.NewGenericWriter[doc](&buffer)
	if _, err := w.Write([]doc{{strings.Repeat("a", testMaxPage-100)}}); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	b := buffer.Bytes()
	in, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	text := &Column{Type: TypeOf(&in.Metadata().Schema[1])}
	file, expander := File{bytes.NewReader(b), int64(len(b)), Limits{testMaxPage, testMaxPage,
		testMaxPage / 2}}, new(Expander)
	r, err := file.chunk(&in.Metadata().RowGroups[0], 0, text, expander)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Next()
	wantError(t, err, "a cell has", "or more")
	if r.raw != nil || expander.buffer != nil {
		t.Error("the page was read")
	}
}

// Few bytes of metadata may stand for structs of hundreds of bytes each.
func TestLargeMetadata(t *testing.T) {
	const structs = 3000
	b := append([]byte{0x29, 0xfc, structs&0x7f | 0x80, structs >> 7}, make([]byte, structs+1)...) // a schema
	_, memory, err := thriftLen(b)
	if want := int64(len(b) + structs*structBytes); memory != want || err != nil {
		t.Errorf("got %d bytes of memory, %v, want %d", memory, err, want)
	}
	const many = maxMetadataBytes / structBytes
	b = append(binary.AppendUvarint([]byte{0x29, 0xfc}, many), make([]byte, many+1)...)
	_, err = Decode(b, new(format.FileMetaData))
	wantError(t, err, "metadata of 1789575 bytes may take 1075530975 bytes of memory", "at most 1073741824 are read",
		"set T5_MAX_READ_MB=1026 in the environment")
}

func TestCanDecompress(t *testing.T) {
	for codec, want := range map[format.CompressionCodec]bool{
		format.Uncompressed: true, format.Zstd: true, format.Lz4: false, format.Lz4Raw: true, format.LZO: false,
		99: false,
	} {
		if canDecompress(codec) != want {
			t.Errorf("%v: got %v", codec, !want)
		}
	}
}

// The environment raises all limits, and lowers none.
func TestCurrentLimits(t *testing.T) {
	for value, want := range map[string]Limits{
		"":     {512 << 20, 128 << 20, 64 << 20},
		"10":   {512 << 20, 128 << 20, 64 << 20},
		"100":  {512 << 20, 128 << 20, 100 << 20},
		"1000": {1000 << 20, 1000 << 20, 1000 << 20},
	} {
		t.Setenv(bounded.Variable, value)
		if got, err := CurrentLimits(); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", value, got, err, want)
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}
