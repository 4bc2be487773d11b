package checkpoints

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Digest returns the SHA-256 of everything in a checkpoint folder that decides about its answers: the names and
// contents of configurations, weights and tokenizer.
func Digest(dir string) (string, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return "", fmt.Errorf("read checkpoint: %w", err)
	}
	kept := []string{".json", ".safetensors", ".model"}
	if !floatFiles.in(dir) && !int8Files.in(dir) {
		kept = append(kept, pickleFiles.extension) // which is not read beside others
	}
	all := sha256.New()
	for _, entry := range entries {
		if !slices.Contains(kept, filepath.Ext(entry.Name())) {
			continue
		}
		one := sha256.New()
		if err := copyFile(one, filepath.Join(dir, entry.Name())); err != nil {
			return "", fmt.Errorf("read checkpoint: %w", err)
		}
		fmt.Fprintf(all, "%s %x\n", entry.Name(), one.Sum(nil))
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// Digest is that of the folder that the model was opened from, and of its adapter.
func (b *Folder) Digest() (string, error) {
	digest, err := Digest(b.Dir)
	if err != nil || b.adapterDir == "" {
		return digest, err
	}
	adapter, err := Digest(b.adapterDir)
	return digest + " " + adapter, err
}

func copyFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
