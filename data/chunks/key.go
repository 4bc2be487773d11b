package chunks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"

	"t5train/data/parquetio"
	"t5train/data/tokenizer"
)

// format is the version of the files and of the rules that make them. Whoever changes what a text gives (here or in the
// tokenizer) or how it is stored counts it up.
const format = 2

// Key is all that the content of a store depends on: equal keys, equal bytes.
type Key struct {
	Format     int    `json:"format"`
	Tokenizer  string `json:"tokenizer"`  // SHA-256 of the tokenizer's files, in hexadecimal
	Vocabulary int    `json:"vocabulary"` // number of ids
	Column     string `json:"column"`
	Rows       int64  `json:"rows"`  // of the input
	Files      []File `json:"files"` // in the order of their rows
}

// File is the identity of an input file: its content. The name is there for people and is no part of it.
type File struct {
	Name   string `json:"name"` // without its folder
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hexadecimal
}

// name returns the name of the folder.
func (k Key) name() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %d %q %d", k.Format, k.Tokenizer, k.Vocabulary, k.Column, k.Rows)
	for _, f := range k.Files {
		fmt.Fprintf(h, " %d %s", f.Bytes, f.SHA256)
	}
	return "tokens-" + hex.EncodeToString(h.Sum(nil)[:8])
}

// width returns the bytes of a token.
func (k Key) width() int64 {
	if k.Vocabulary <= 1<<16 {
		return 2
	}
	return 4
}

// newKey reads all input files once. Sizes and times could be compared faster, but they stay what they were when a file
// is copied over another one with its times, or is changed twice within a tick of the file system's clock.
func newKey(ctx context.Context, set *parquetio.Dataset, tok Tokenizer, o Options) (Key, *snapshot, error) {
	fingerprint, err := fingerprint(tok)
	if err != nil {
		return Key{}, nil, err
	}
	key := Key{Format: format, Tokenizer: fingerprint, Vocabulary: tok.VocabSize(), Column: o.Column, Rows: set.Rows()}
	files := set.Files()
	done, total := int64(0), int64(0)
	for _, f := range files {
		total += f.Bytes
	}
	seen := &snapshot{}
	for _, f := range files {
		if f.Digest != "" {
			done += f.Bytes
			key.Files = append(key.Files, File{path.Base(f.Path), f.Bytes, f.Digest})
			continue
		}
		info, err := os.Stat(f.Path)
		if err != nil {
			return Key{}, nil, err
		}
		if info.Size() != f.Bytes {
			return Key{}, nil, changed(f.Path)
		}
		seen.paths, seen.infos = append(seen.paths, f.Path), append(seen.infos, info)
		h := sha256.New()
		read := func(n int) {
			done += int64(n)
			o.phases.Progress("check input files", "bytes", done, total)
		}
		if err := hashFile(ctx, h, f.Path, read); err != nil {
			return Key{}, nil, err
		}
		key.Files = append(key.Files, File{filepath.Base(f.Path), f.Bytes, hex.EncodeToString(h.Sum(nil))})
	}
	return key, seen, nil
}

// fingerprint returns a hash of all that decides which ids a text gets.
func fingerprint(tok Tokenizer) (string, error) {
	files, err := tok.Files()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%q %d ", f.Name, len(f.Data))
		h.Write(f.Data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Tokenizer turns text into ids. *tokenizer.Tokenizer is one. It is called from several goroutines at once.
type Tokenizer interface {
	// AppendEncode appends the ids of text, without EOS, to dst.
	AppendEncode(dst []int32, text string) []int32
	VocabSize() int
	// Structural reports whether a token marks the parts of a sequence (</s>, <pad>, <extra_id_0>) and is no text.
	Structural(id int32) bool
	// Unk is the token of characters that the vocabulary lacks, and Piece the text of any other one, with ▁ for a
	// blank.
	Unk() int32
	Piece(id int32) string
	// Files returns what makes the tokenizer what it is.
	Files() ([]tokenizer.File, error)
}

// hashFile adds the content of a file to h.
func hashFile(ctx context.Context, h hash.Hash, path string, read func(n int)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return inChunks(ctx, f, func(chunk []byte) error {
		h.Write(chunk)
		read(len(chunk))
		return nil
	})
}

// inChunks calls visit with what r holds, a MiB at a time.
func inChunks(ctx context.Context, r io.Reader, visit func(chunk []byte) error) error {
	buffer := make([]byte, 1<<20)
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := io.ReadFull(r, buffer)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		if n > 0 {
			if err := visit(buffer[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// snapshot is what the input files looked like when they were hashed.
type snapshot struct {
	paths []string
	infos []os.FileInfo
}

// check fails if a file has changed since.
func (s *snapshot) check() error {
	for i, path := range s.paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !os.SameFile(info, s.infos[i]) || info.Size() != s.infos[i].Size() ||
			!info.ModTime().Equal(s.infos[i].ModTime()) {
			return changed(path)
		}
	}
	return nil
}

func changed(path string) error {
	return fmt.Errorf("%s has changed while it was read: run the same command again when it is complete", path)
}
