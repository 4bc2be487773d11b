package runlog

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// The checksums of 32 bytes of RFC 3720, section B.4, under the mask, which is undone here.
func TestMaskedSum(t *testing.T) {
	ones := make([]byte, 32)
	for i := range ones {
		ones[i] = 0xff
	}
	for name, c := range map[string]struct {
		data []byte
		want uint32
	}{"zeros": {make([]byte, 32), 0x8a9136aa}, "ones": {ones, 0x62a8ab43}} {
		turned := maskedSum(c.data) - 0xa282ead8
		if got := turned>>17 | turned<<15; got != c.want {
			t.Errorf("%s: %#x, want %#x", name, got, c.want)
		}
	}
}

// The bytes are those that TensorFlow's own protobuf code writes for the same event.
func TestEventBytes(t *testing.T) {
	p := Point{time.Unix(1700000000, 0), 10, []Scalar{{"train/loss", 2.5}}}
	const want = "0900000040fc54d941100a2a130a110a0a747261696e2f6c6f73731500002040"
	if got := hex.EncodeToString(p.event()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A folder holds one file of ours with events, whatever went before, and the one before it, empty. What others have
// there stays.
func TestReplace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run [1]", "tensorboard")
	now := time.Unix(1700000000, 0)
	points := []Point{{now, 1, []Scalar{{"a", 1}}}, {now, 2, []Scalar{{"a", 2}}}}
	var before string
	for round, at := range []time.Time{now, now, now.Add(-time.Hour), now.Add(time.Hour)} {
		w, err := ReplaceEvents(dir, at, points)
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			other := filepath.Join(dir, prefix+"1.elsewhere")
			if err := os.WriteFile(other, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Add(Point{now, 3 + round, []Scalar{{"a", 3}}}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		names, err := eventFiles(dir)
		if err != nil || len(names) != min(2, round+1) || names[len(names)-1] <= before || round > 0 &&
			names[0] != before {
			t.Fatalf("round %d: files %q, %v, want %q and one behind it", round, names, err, before)
		}
		if round > 0 && len(stepsOf(t, filepath.Join(dir, before))) > 0 {
			t.Errorf("round %d: %s still has events", round, before)
		}
		before = names[len(names)-1]
		if steps := stepsOf(t, filepath.Join(dir, before)); !slices.Equal(steps,
			[]uint64{0, 0, 1, 2, 3 + uint64(round)}) {
			t.Errorf("round %d: events of the steps %d", round, steps)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 3 {
		t.Errorf("left %v, %v, want our two and the other", entries, err)
	}
}

// A clock that was years ahead is put back.
func TestReplaceAfterALaterFile(t *testing.T) {
	dir := t.TempDir()
	later := []string{fileName(9_000_000_000), fileName(9_000_000_001)}
	if err := os.WriteFile(filepath.Join(dir, later[0]), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := ReplaceEvents(dir, time.Unix(1700000000, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if names, err := eventFiles(dir); err != nil || !slices.Equal(names, later) {
		t.Errorf("files %q, %v, want %q", names, err, later)
	}
}

// What was there stays where the new file cannot take its place.
func TestReplaceFails(t *testing.T) {
	dir := t.TempDir()
	old := []string{fileName(1), fileName(2)}
	if err := os.MkdirAll(filepath.Join(dir, old[0], "full"), 0o700); err != nil { // is not removed
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, old[1]), []byte("events"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReplaceEvents(dir, time.Unix(1700000000, 0), nil); err == nil {
		t.Error("a folder is removed")
	}
	if names, err := eventFiles(dir); err != nil || !slices.Equal(names, old) {
		t.Errorf("files %q, %v, want %q", names, err, old)
	}
	if content, err := os.ReadFile(filepath.Join(dir, old[1])); err != nil || string(content) != "events" {
		t.Errorf("the old events are %q, %v", content, err)
	}
}

// stepsOf checks the frames of a file and returns the step of each event.
func stepsOf(t *testing.T, path string) (steps []uint64) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for len(content) > 0 {
		n := binary.LittleEndian.Uint64(content)
		data := content[12 : 12+n]
		if sum := binary.LittleEndian.Uint32(content[8:]); sum != maskedSum(content[:8]) {
			t.Fatalf("checksum %#x of the length", sum)
		}
		if sum := binary.LittleEndian.Uint32(content[12+n:]); sum != maskedSum(data) {
			t.Fatalf("checksum %#x of the data", sum)
		}
		step, _ := binary.Uvarint(data[10:]) // behind the time, 9 bytes, and a tag
		steps = append(steps, step)
		content = content[16+n:]
	}
	return steps
}

func TestDiscard(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tensorboard")
	w, err := ReplaceEvents(dir, time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Discard(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}
