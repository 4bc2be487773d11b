package distill

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"t5train/internal/atomicfile"
	"t5train/internal/mmap"
	"t5train/internal/ui"
)

// Key is what the outputs of a teacher follow from. Outputs of another key are others.
type Key struct {
	Version     int     `json:"version"`
	Teacher     string  `json:"teacher"` // its digest
	Data        string  `json:"data"`    // that of the examples, as the student and the teacher read them
	Targets     string  `json:"targets"`
	TopK        int     `json:"top_k"` // 0 without probabilities
	Temperature float64 `json:"temperature,omitempty"`
	Beams       int     `json:"beams,omitempty"`
	Examples    int     `json:"examples"`
}

// Example is what a teacher has to say about one example. Probabilities and IDs are as in xent.Soft; there are none
// where nothing but targets is learnt.
type Example struct {
	Target        []int32   // ids, which end in EOS
	IDs           []int32   // [len(Target), K]
	Probabilities []float32 // [len(Target), K+1]
}

// blockExamples is how many examples are computed and written at a time: what a run that is killed computes again.
const blockExamples = 32

// ErrOther says what to do about outputs of another teacher, other data or other settings.
var ErrOther = errors.New("remove the file, or name another one with distill.outputs")

// Outputs are the outputs of a teacher in a file.
//
// The file begins with the key in JSON, on one line. Blocks follow, each the number of its bytes and their CRC-32, both
// of four bytes, and blockExamples examples: the number of target tokens, their ids, for each of them the K ids, and
// then the K+1 probabilities. All numbers have four bytes, the lowest first.
type Outputs struct {
	k     int
	data  []byte
	at    []int // where the examples begin
	unmap func() error
}

// Len returns the number of examples.
func (o *Outputs) Len() int { return len(o.at) }

// Bytes returns the size of the file.
func (o *Outputs) Bytes() int { return len(o.data) }

// Close ends the use of the file.
func (o *Outputs) Close() error { return o.unmap() }

// At returns the outputs for example i.
func (o *Outputs) At(i int) Example {
	n := int(binary.LittleEndian.Uint32(o.data[o.at[i]:]))
	ids := make([]int32, n*(1+o.k))
	b := o.data[o.at[i]+4:]
	for j := range ids {
		ids[j] = int32(binary.LittleEndian.Uint32(b[4*j:]))
	}
	e := Example{Target: ids[:n]}
	if o.k == 0 {
		return e
	}
	e.IDs, e.Probabilities = ids[n:], make([]float32, n*(o.k+1))
	b = b[4*len(ids):]
	for j := range e.Probabilities {
		e.Probabilities[j] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*j:]))
	}
	return e
}

// size returns the bytes of an example with n target tokens.
func size(n, k int) int {
	if k == 0 {
		return 4 + 4*n
	}
	return 4 + 4*n*(2*k+2)
}

func (e Example) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(e.Target)))
	for _, list := range [][]int32{e.Target, e.IDs} {
		for _, v := range list {
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
	}
	for _, v := range e.Probabilities {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// Open returns the outputs of a key in the file path. What is missing there is computed first: compute returns those of
// the examples from lo to hi. A file of another key is ErrOther, or replaced. Other processes that open the file wait.
func Open(ctx context.Context, path string, key Key, replace bool,
	compute func(ctx context.Context, lo, hi int) ([]Example, error), sink ui.Sink) (*Outputs, error) {
	o, err := open(ctx, path, key, replace, compute, sink)
	if err != nil {
		return nil, fmt.Errorf("outputs of the teacher: %w", err)
	}
	return o, nil
}

func open(ctx context.Context, path string, key Key, replace bool,
	compute func(ctx context.Context, lo, hi int) ([]Example, error), sink ui.Sink) (o *Outputs, err error) {
	key.Version = 1
	if err := atomicfile.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	release, err := atomicfile.Lock(ctx, path+".lock")
	if err != nil {
		return nil, err
	}
	defer release()
	header, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	header = append(header, '\n')
	f, err := atomicfile.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	have, unmap, err := mmap.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unmap()) }()
	at, end := []int(nil), 0
	switch line, _, whole := bytes.Cut(have, []byte("\n")); {
	case bytes.HasPrefix(have, header):
		if at, end, err = scan(have, len(header), key); err != nil {
			return nil, err
		}
	case !bytes.HasPrefix(header, have) && !(replace && (!whole || json.Valid(line))):
		return nil, fmt.Errorf("%s holds %s: %w", path, differs(line, key), ErrOther)
	}
	if err := f.Truncate(int64(end)); err != nil {
		return nil, err
	}
	if _, err := f.Seek(int64(end), 0); err != nil {
		return nil, err
	}
	if end == 0 {
		if _, err := f.Write(header); err != nil {
			return nil, atomicfile.WriteError(path, err)
		}
	}
	if len(at) < key.Examples {
		if err := fill(ctx, f, len(at), key, compute, sink); err != nil {
			return nil, err
		}
	}
	return mapped(f.File, len(header), key)
}

// differs says how a file is another one than that of a key.
func differs(line []byte, key Key) string {
	var was Key
	switch {
	case json.Unmarshal(line, &was) != nil || was.Version == 0:
		return "no outputs of a teacher"
	case was.Teacher != key.Teacher:
		return "the outputs of another teacher"
	case was.Data != key.Data || was.Examples != key.Examples:
		return "outputs for other examples"
	}
	return "outputs of other settings (distill.targets, temperature, top_k or beams)"
}

// scan finds the whole blocks of a file, which begin at a place: where their examples begin, and where they end. What
// follows was cut short or is damaged.
func scan(data []byte, begin int, key Key) (at []int, end int, err error) {
	end = begin
	for len(data)-end >= 8 && len(at) < key.Examples {
		n := int(binary.LittleEndian.Uint32(data[end:]))
		if n > len(data)-end-8 || crc32.ChecksumIEEE(data[end+8:end+8+n]) != binary.LittleEndian.Uint32(data[end+4:]) {
			break
		}
		block := end + 8
		for range min(blockExamples, key.Examples-len(at)) {
			if block+4 > end+8+n {
				return nil, 0, errors.New("a block is too short: remove the file")
			}
			at = append(at, block)
			block += size(int(binary.LittleEndian.Uint32(data[block:])), key.TopK)
		}
		if end += 8 + n; block != end {
			return nil, 0, errors.New("a block does not end with its examples: remove the file")
		}
	}
	return at, end, nil
}

// fill computes and writes the outputs from example lo to the last.
func fill(ctx context.Context, f *atomicfile.File, lo int, key Key,
	compute func(ctx context.Context, lo, hi int) ([]Example, error), sink ui.Sink) error {
	if lo > 0 {
		ui.Say(sink, "teacher", "%s of %s examples are answered from an earlier call", ui.Grouped(lo),
			ui.Grouped(key.Examples))
	}
	progress := ui.Start(sink, "ask the teacher", "examples", int64(key.Examples))
	defer progress.Stop()
	for ; lo < key.Examples; lo += blockExamples {
		if err := ctx.Err(); err != nil {
			return err
		}
		examples, err := compute(ctx, lo, min(lo+blockExamples, key.Examples))
		if err != nil {
			return err
		}
		b := make([]byte, 8)
		for _, e := range examples {
			b = e.append(b)
		}
		binary.LittleEndian.PutUint32(b, uint32(len(b)-8))
		binary.LittleEndian.PutUint32(b[4:], crc32.ChecksumIEEE(b[8:]))
		if _, err := f.Write(b); err != nil {
			return atomicfile.WriteError(f.Name(), err)
		}
		progress.Set(int64(min(lo+blockExamples, key.Examples)))
	}
	return f.Sync()
}

// mapped opens a file that is complete.
func mapped(f *os.File, begin int, key Key) (*Outputs, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	o := &Outputs{k: key.TopK}
	if o.data, o.unmap, err = mmap.Map(f, int(info.Size())); err != nil {
		return nil, err
	}
	if o.at, _, err = scan(o.data, begin, key); err == nil && len(o.at) < key.Examples {
		err = fs.ErrInvalid
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", f.Name(), err), o.unmap())
	}
	return o, nil
}
