// Package hub knows the cache that the tools of Hugging Face keep on a machine, and finds models there:
//
//	CACHE/models--google--flan-t5-small/refs/main               the commit of a branch
//	CACHE/models--google--flan-t5-small/snapshots/COMMIT/...    its files: links to blobs
//	CACHE/models--google--flan-t5-small/blobs/...               named by their content
//
// It reads only; package pull writes.
package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"t5train/internal/bounded"
)

// Cache returns the folder of the cache, by the environment variables of huggingface_hub: HF_HUB_CACHE, HF_HOME and
// XDG_CACHE_HOME.
func Cache() (string, error) {
	if dir := variable("HF_HUB_CACHE"); dir != "" {
		return dir, nil
	}
	if dir := variable("HUGGINGFACE_HUB_CACHE"); dir != "" { // its name of before
		return dir, nil
	}
	home, err := Home()
	return filepath.Join(home, "hub"), err
}

// Home returns the folder in which the tools of Hugging Face keep all that they keep.
func Home() (string, error) {
	if dir := variable("HF_HOME"); dir != "" {
		return dir, nil
	}
	cache := variable("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the cache of Hugging Face: %w: set HF_HOME", err)
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "huggingface"), nil
}

// variable returns the folder in an environment variable, in which ~ is that of the user.
func variable(name string) string {
	dir := os.Getenv(name)
	if rest, ok := strings.CutPrefix(dir, "~"); ok && (rest == "" || rest[0] == '/') {
		if home, err := os.UserHomeDir(); err == nil {
			return home + rest
		}
	}
	return dir
}

// Name is that of a model with a revision: ORG/NAME or NAME, and behind an @ a branch, a tag or a commit.
type Name struct{ Model, Revision string }

// Main is the revision where none is named.
const Main = "main"

var (
	modelName = regexp.MustCompile(`^(?:[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*$`)
	revision  = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)*$`)
	commit    = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// ParseName reads a name; ok is false for what can be none, such as most paths.
func ParseName(text string) (n Name, ok bool) {
	n.Model, n.Revision, ok = strings.Cut(text, "@")
	if !ok {
		n.Revision = Main
	}
	plain := func(s string) bool { return !strings.Contains(s, "--") && !strings.Contains(s, "..") }
	return n, len(text) < 256 && modelName.MatchString(n.Model) && plain(n.Model) && ValidRevision(n.Revision)
}

// ValidRevision reports whether a text can be a branch, a tag or a commit.
func ValidRevision(text string) bool {
	return revision.MatchString(text) && !strings.Contains(text, "..")
}

// IsCommit reports whether a text is the hash of a commit.
func IsCommit(text string) bool { return commit.MatchString(text) }

func (n Name) String() string {
	if n.Revision == Main {
		return n.Model
	}
	return n.Model + "@" + n.Revision
}

// Folder returns the folder of the model in a cache.
func (n Name) Folder(cache string) string {
	return filepath.Join(cache, "models--"+strings.ReplaceAll(n.Model, "/", "--"))
}

// Ref returns the file, in the folder of a model, that holds the commit of a revision.
func Ref(folder, revision string) string {
	return filepath.Join(folder, "refs", filepath.FromSlash(revision))
}

// Snapshot returns the folder of a commit.
func Snapshot(folder, commit string) string { return filepath.Join(folder, "snapshots", commit) }

// Absent says that a model is in no folder and not in the cache, where that is, and what brings it there.
func Absent() string {
	cache, err := Cache()
	if err != nil {
		cache = err.Error()
	}
	return fmt.Sprintf("there is no such folder, nor such a model in the cache of Hugging Face, %s (t5train pull "+
		"downloads one)", cache)
}

// Has reports whether a path names a model in the cache.
func Has(path string) bool {
	name, ok := ParseName(path)
	if ok {
		_, _, err := Find(name)
		ok = err == nil
	}
	return ok
}

// SameName returns the models of the cache that have this name and an organization before it, which the name lacks.
func (n Name) SameName() []string {
	cache, err := Cache()
	if err != nil || strings.Contains(n.Model, "/") {
		return nil
	}
	entries, err := os.ReadDir(cache)
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		org, ok := strings.CutSuffix(strings.TrimPrefix(e.Name(), "models--"), "--"+n.Model)
		full := Name{org + "/" + n.Model, n.Revision}
		if ok && Has(full.String()) {
			found = append(found, full.String())
		}
	}
	return found
}

// Find returns the folder of a model in the cache, and says in words which it is. Without it the error is
// [fs.ErrNotExist].
func Find(n Name) (dir, how string, err error) {
	cache, err := Cache()
	if err != nil {
		return "", "", err
	}
	folder := n.Folder(cache)
	hash, from := n.Revision, ""
	if !IsCommit(hash) {
		raw, err := bounded.ReadFile(Ref(folder, n.Revision))
		if err != nil {
			return "", "", fmt.Errorf("find %s in the cache of Hugging Face: %w", n, err)
		}
		if hash, from = strings.TrimSpace(string(raw)), " ("+n.Revision+")"; !IsCommit(hash) {
			return "", "", fmt.Errorf("find %s in the cache of Hugging Face: %s holds %.60q, want the hash of a "+
				"commit: download the model again", n, Ref(folder, n.Revision), hash)
		}
	}
	dir = Snapshot(folder, hash)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", "", fmt.Errorf("find %s in the cache of Hugging Face: snapshot %s: %w", n, hash,
			errors.Join(err, fs.ErrNotExist))
	}
	return dir, fmt.Sprintf("model %s of the cache of Hugging Face, snapshot %s%s", n.Model, hash, from), nil
}
