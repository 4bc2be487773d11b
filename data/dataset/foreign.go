package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"t5train/data/importer"
	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/internal/atomicfile"
)

// imports holds what was made of files of other formats: a command opens its data several times, for its checks, for
// the facts that settings follow from, and for its rows.
var imports struct {
	sync.Mutex
	made map[string][]parquetio.Source
}

// importGroups makes parquet of groups of files, which get the same columns.
func importGroups(ctx context.Context, groups []table.Group) ([]parquetio.Source, error) {
	if len(groups) == 0 {
		return nil, nil
	}
	key, err := stamp(groups)
	if err != nil {
		return nil, err
	}
	imports.Lock()
	defer imports.Unlock()
	if made, there := imports.made[key]; there {
		return made, nil
	}
	var files []*madeFile
	notes, err := importer.Parquet(ctx, groups, func(in table.Input) (io.Writer, error) {
		f, err := newMadeFile(in)
		if err == nil {
			files = append(files, f)
		}
		return f, err
	})
	if err != nil {
		for _, f := range files {
			f.file.Close()
		}
		return nil, err
	}
	made := make([]parquetio.Source, len(files))
	for i, f := range files {
		if made[i], err = f.source(groups); err != nil {
			return nil, err
		}
	}
	made[0].Notes = notes
	if imports.made == nil {
		imports.made = map[string][]parquetio.Source{}
	}
	imports.made[key] = made
	return made, nil
}

// stamp names the files of groups as they are now.
func stamp(groups []table.Group) (string, error) {
	var b strings.Builder
	for _, g := range groups {
		for _, in := range g.Inputs {
			info, err := os.Stat(in.Path)
			if err != nil {
				return "", err
			}
			path, err := filepath.Abs(in.Path)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "%q %q %s %s %d %d\n", path, in.Path, in.Format, in.Label, info.Size(),
				info.ModTime().UnixNano())
		}
	}
	return b.String(), nil
}

// madeFile is the parquet of one file, or of a folder whose files have a row each. It has no name, so that nothing is
// left of it, however the process ends.
type madeFile struct {
	in   table.Input
	file *os.File
	size int64
}

func newMadeFile(in table.Input) (*madeFile, error) {
	file, err := os.CreateTemp("", "t5train-*.parquet")
	if err != nil {
		return nil, fmt.Errorf("make parquet of %s: %w", in.Path, err)
	}
	os.Remove(file.Name()) // what a system refuses is done by source
	return &madeFile{in: in, file: file}, nil
}

// Write implements io.Writer.
func (f *madeFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	f.size += int64(n)
	if err != nil {
		err = fmt.Errorf("make parquet of %s in the folder of temporary files: %w", f.in.Path,
			atomicfile.WithRemedy(err))
	}
	return n, err
}

// opened is parquet that was made, and stays open.
type opened struct{ io.ReaderAt }

// Close implements io.Closer.
func (opened) Close() error { return nil }

func (f *madeFile) source(groups []table.Group) (parquetio.Source, error) {
	s := parquetio.Source{Path: f.in.Path}
	content := opened{f.file}
	if _, err := os.Stat(f.file.Name()); err == nil { // the system keeps the names of files that are open
		raw := make([]byte, f.size)
		if _, err := f.file.ReadAt(raw, 0); err != nil {
			return s, err
		}
		f.file.Close()
		os.Remove(f.file.Name())
		content = opened{bytes.NewReader(raw)}
	}
	s.Open = func() (parquetio.Reader, int64, error) { return content, f.size, nil }
	var err error
	switch f.in.Format {
	case table.Classes:
		s.Path = filepath.Dir(filepath.Dir(f.in.Path))
		s.Bytes, s.Digest, err = digestAll(groups, f.in)
	case table.Documents:
		s.Path = filepath.Dir(f.in.Path)
		s.Bytes, s.Digest, err = digestAll(groups, f.in)
	default:
		var info os.FileInfo
		if info, err = os.Stat(f.in.Path); err == nil {
			s.Bytes = info.Size()
		}
	}
	return s, err
}

// digestAll returns the size and the digest of all files of the group of one.
func digestAll(groups []table.Group, of table.Input) (size int64, digest string, err error) {
	h := sha256.New()
	for _, g := range groups {
		if g.Inputs[0] != of {
			continue
		}
		for _, in := range g.Inputs {
			f, err := os.Open(in.Path)
			if err != nil {
				return 0, "", err
			}
			fmt.Fprintf(h, "%q %q ", filepath.Base(in.Path), in.Label)
			n, err := io.Copy(h, f)
			if err := errors.Join(err, f.Close()); err != nil {
				return 0, "", err
			}
			fmt.Fprintf(h, " %d\n", n)
			size += n
		}
	}
	return size, hex.EncodeToString(h.Sum(nil)), nil
}
