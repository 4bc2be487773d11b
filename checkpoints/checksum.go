package checkpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"t5train/checkpoints/safetensors"
	"t5train/internal/bounded"
)

// checksumsName is the file of a training checkpoint that tells damage to its other files.
const checksumsName = "trainer/checksums.json"

// checksum is what a file was when it was written. CRC-32C finds what disks and copies do to a file, and costs nothing
// beside reading it.
type checksum struct {
	Bytes  int64  `json:"bytes"`
	CRC32C string `json:"crc32c"` // 8 hexadecimal digits
}

// ErrDamaged is the error of a file that is not what was written.
var ErrDamaged = errors.New("is damaged")

// summer computes a checksum of what is written to it.
type summer struct {
	hash.Hash32
	bytes int64
}

func newSummer() *summer { return &summer{Hash32: crc32.New(crc32.MakeTable(crc32.Castagnoli))} }

func (s *summer) Write(p []byte) (int, error) {
	s.bytes += int64(len(p))
	return s.Hash32.Write(p)
}

func (s *summer) checksum() checksum { return checksum{s.bytes, fmt.Sprintf("%08x", s.Sum32())} }

func (d *Dir) note(name string, sum checksum) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sums == nil {
		d.sums = make(map[string]checksum)
	}
	d.sums[filepath.ToSlash(name)] = sum
}

// WriteChecksums notes what the files are from which training resumes, so that Verify can tell damage: the tensors, and
// those below trainer. Whoever edits another file knows what they do. It comes last.
func (d *Dir) WriteChecksums() error {
	d.mu.Lock()
	sums := maps.Clone(d.sums)
	d.mu.Unlock()
	maps.DeleteFunc(sums, func(name string, _ checksum) bool {
		return filepath.Ext(name) != ".safetensors" && filepath.Dir(name) != filepath.Dir(checksumsName)
	})
	raw, err := json.MarshalIndent(sums, "", "  ")
	if err != nil {
		return err
	}
	return d.WriteFile(checksumsName, append(raw, '\n'))
}

// Verify reads the files that have checksums in the checkpoint dir and compares. A checkpoint without checksums is
// taken as it is. The error of a file that is another one is an ErrDamaged.
func Verify(dir string) error {
	sums, err := readChecksums(dir)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("%s %w: it names %q, which is no file of the checkpoint",
				filepath.Join(dir, checksumsName), ErrDamaged, name)
		}
		path := filepath.Join(dir, name)
		sum := newSummer()
		if err := copyFile(sum, path); err != nil {
			return fmt.Errorf("read checkpoint: %w", err)
		}
		if err := sum.compare(path, sums[name]); err != nil {
			return err
		}
	}
	return nil
}

// Verify reads the open files of weights once. The error of a file that is not what was written, where the folder has
// its checksum, is an ErrDamaged, and that of an element that is NaN or infinite a safetensors.ErrNotFinite. It may be
// called while tensors are read.
func (w *Weights) Verify() error {
	sums, err := readChecksums(w.dir)
	if err != nil {
		return err
	}
	for i, f := range w.files {
		path, sum := filepath.Join(w.dir, w.paths[i]), newSummer()
		want, known := sums[w.paths[i]]
		if err = f.Check(sum); known && (err == nil || errors.Is(err, safetensors.ErrNotFinite)) {
			err = errors.Join(sum.compare(path, want), err)
		}
		switch {
		case errors.Is(err, ErrDamaged):
			return fmt.Errorf("%w: copy the checkpoint again or use another one; if the file was changed on purpose, "+
				"remove %s from the folder (checkpoints.no_verify takes it as it is)", err, checksumsName)
		case errors.Is(err, safetensors.ErrNotFinite):
			return fmt.Errorf("%s: %w: the file is damaged, or training diverged: use another checkpoint "+
				"(checkpoints.no_verify takes it as it is)", path, err)
		case err != nil:
			return err
		}
	}
	return nil
}

// readChecksums returns the checksums of the files of a checkpoint by their names, none where there are none.
func readChecksums(dir string) (sums map[string]checksum, err error) {
	raw, err := bounded.ReadFile(filepath.Join(dir, checksumsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	if err := json.Unmarshal(raw, &sums); err != nil {
		return nil, fmt.Errorf("%s %w: %w", filepath.Join(dir, checksumsName), ErrDamaged, err)
	}
	return sums, nil
}

// compare returns an ErrDamaged for a file that has another checksum than it was written with.
func (s *summer) compare(path string, want checksum) error {
	if got := s.checksum(); got != want {
		return fmt.Errorf("%s %w: it has %d bytes and CRC-32C %s, but was written with %d and %s",
			path, ErrDamaged, got.Bytes, got.CRC32C, want.Bytes, want.CRC32C)
	}
	return nil
}
