package chunks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"

	"t5train/internal/atomicfile"
	"t5train/internal/bounded"
)

// The files of a store.
const (
	manifestName  = "store.json"
	tokensName    = "tokens.bin"
	documentsName = "documents.bin"
)

// Manifest is the content of store.json.
type Manifest struct {
	Key
	Counts
}

// Counts say what the first Done rows of the input have given.
type Counts struct {
	Done      int64 `json:"rows_done"`
	Documents int64 `json:"documents"` // rows that have tokens
	Tokens    int64 `json:"tokens"`
	TextBytes int64 `json:"text_bytes"` // of the documents, in UTF-8
	// tokens that stand for characters which the vocabulary lacks; older stores do not count them
	Unknown int64 `json:"unknown_tokens,omitempty"`
	// of these characters, and what is no UTF-8; about, and without spaces
	UnknownBytes int64  `json:"unknown_bytes,omitempty"`
	TokensCRC    uint32 `json:"tokens_crc32c"`
	DocumentsCRC uint32 `json:"documents_crc32c"`
}

// ReadManifest describes the store in a folder, or the one that is being made there. It does not look at its tokens.
func ReadManifest(dir string) (Manifest, error) {
	m, err := readManifest(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("the folder holds no %s, so it is no token store: make one with t5train data tokenize",
			manifestName)
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("read token store %s: %w", dir, err)
	}
	return m, nil
}

func readManifest(dir string) (Manifest, error) {
	text, err := bounded.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return Manifest{}, err
	}
	m, err := parseManifest(text)
	if err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", manifestName, err)
	}
	return m, nil
}

// parseManifest reads and checks store.json as far as it can be checked alone.
func parseManifest(text []byte) (Manifest, error) {
	var head struct{ Format int }
	if err := json.Unmarshal(text, &head); err != nil {
		return Manifest{}, fmt.Errorf("no valid JSON: %w: %s", err, damaged)
	}
	if head.Format != format {
		return Manifest{}, fmt.Errorf("the store is of format %d, this program reads %d: %s", head.Format, format,
			damaged)
	}
	var m Manifest
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("%w: %s", err, damaged)
	}
	c := m.Counts
	switch {
	case m.Vocabulary < 1 || m.Vocabulary > math.MaxInt32,
		m.Done < 0 || m.Done > m.Rows,
		c.Documents < 0 || c.Documents > m.Done,
		c.Tokens < c.Documents || c.Tokens > math.MaxInt64/entryBytes,
		c.TextBytes < 0,
		c.Unknown < 0 || c.Unknown > c.Tokens,
		c.UnknownBytes < 0 || c.UnknownBytes > c.TextBytes:
		return Manifest{}, fmt.Errorf("its numbers contradict each other: %s", damaged)
	}
	return m, nil
}

// damaged is the remedy for a store that cannot be used.
const damaged = "remove the folder, and the store is made again"

func (m Manifest) write(dir string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.ReplaceFile(filepath.Join(dir, manifestName), append(text, '\n'))
}

// tokenBytes returns the size of the file of tokens.
func (m Manifest) tokenBytes() int64 { return m.Tokens * m.width() }

// documentBytes returns the size of the file of documents.
func (m Manifest) documentBytes() int64 { return m.Documents * entryBytes }
