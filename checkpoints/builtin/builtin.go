// Package builtin has the models that the binary brings along. Their names, such as builtin:en-tiny, are accepted where
// the folder of a model is:
//
//	dir, err := builtin.Folder("builtin:en-tiny") // a folder of the user's cache that holds the model
//
// Callers of package checkpoints need not call it: checkpoints.Resolve does.
package builtin

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"t5train/internal/atomicfile"
)

// Prefix begins the name of a built-in model. A folder whose own name begins with it can be named as ./builtin:...
const Prefix = "builtin:"

// Default is the model that fine-tuning starts from where none is named.
const Default = Prefix + "en-tiny"

// weightsName is the file without which a folder is no model.
const weightsName = "model.safetensors"

//go:embed en-tiny
var embedded embed.FS

func all() store { return store{embedded, cacheFolders} }

// IsName reports whether a path is the name of a built-in model, be there one of that name or not.
func IsName(path string) bool { return strings.HasPrefix(path, Prefix) }

// Names lists the built-in models.
func Names() []string { return all().names() }

// Has reports whether there is a built-in model of a name.
func Has(name string) bool { return slices.Contains(Names(), name) }

// Check returns the error of a name that no built-in model has.
func Check(name string) error { return all().check(name) }

// Folder returns a folder that holds a built-in model. It lies in the user's cache (see [os.UserCacheDir]), under the
// digest of its content, or in the folder for temporary files where the cache cannot be written. What lies there
// already is compared with the model and mended. Several processes may call it at the same time.
func Folder(name string) (dir string, err error) { return all().folder(name) }

// store is models by the folders of a file system.
type store struct {
	files fs.FS
	// caches returns the folders that models may be written to, the first one preferred.
	caches func() []string
}

func (s store) names() []string {
	found, err := fs.Glob(s.files, "*/"+weightsName)
	if err != nil { // of a wrong pattern alone
		return nil
	}
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = Prefix + path.Dir(f)
	}
	return names
}

func (s store) check(name string) error {
	names := s.names()
	switch {
	case slices.Contains(names, name):
		return nil
	case len(names) == 0:
		return fmt.Errorf("there is no built-in model %q: this program was built without any", name)
	}
	return fmt.Errorf("there is no built-in model %q: want %s", name, strings.Join(names, " or "))
}

func (s store) folder(name string) (string, error) {
	if err := s.check(name); err != nil {
		return "", err
	}
	m, err := fs.Sub(s.files, strings.TrimPrefix(name, Prefix))
	if err != nil {
		return "", err
	}
	sum, err := digest(m)
	if err != nil {
		return "", err
	}
	var errs []error
	for _, cache := range s.caches() {
		dir := filepath.Join(cache, strings.TrimPrefix(name, Prefix)+"-"+sum)
		if err := extract(m, dir); err != nil {
			errs = append(errs, err)
			continue
		}
		return dir, nil
	}
	return "", fmt.Errorf("write the built-in model %s to a folder: %w: let XDG_CACHE_HOME or TMPDIR name one that "+
		"can be written", name, errors.Join(errs...))
}

// cacheFolders returns the folder of this program in the user's cache, where there is one, and one for temporary files,
// which has the user's number: other users cannot write to it.
func cacheFolders() []string {
	var folders []string
	if cache, err := os.UserCacheDir(); err == nil {
		folders = append(folders, filepath.Join(cache, "t5train"))
	}
	return append(folders, filepath.Join(os.TempDir(), fmt.Sprintf("t5train-%d", os.Getuid())))
}

// digest returns the first 16 hexadecimal digits of the SHA-256 of names and contents: enough to tell versions apart,
// since contents are compared too.
func digest(m fs.FS) (string, error) {
	sum := sha256.New()
	err := eachFile(m, func(name string, content fs.File) error {
		fmt.Fprintln(sum, name)
		_, err := io.Copy(sum, content)
		return err
	})
	return fmt.Sprintf("%x", sum.Sum(nil)[:8]), err
}

// extract makes dir hold the files of m.
func extract(m fs.FS, dir string) error {
	return eachFile(m, func(name string, content fs.File) error {
		file := filepath.Join(dir, name)
		if equal, err := sameContent(file, content); err != nil || equal {
			return err
		}
		all, err := fs.ReadFile(m, name)
		if err != nil {
			return err
		}
		return place(file, all)
	})
}

// place writes a file at once. Processes that do so together write the same.
func place(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".*.part")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing there after a success
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return atomicfile.Move(f.Name(), file)
}

// sameContent reports whether there is a regular file of that content.
func sameContent(file string, content fs.File) (bool, error) {
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
		return false, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return false, nil // place tells why, if it cannot be mended
	}
	defer f.Close()
	have, want := make([]byte, 1<<16), make([]byte, 1<<16)
	for {
		n, err := io.ReadFull(content, want)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return false, err
		}
		m, _ := io.ReadFull(f, have)
		if !bytes.Equal(have[:m], want[:n]) {
			return false, nil
		}
		if err != nil { // both have ended: a longer file would have filled have further
			return true, nil
		}
	}
}

func eachFile(m fs.FS, do func(name string, content fs.File) error) error {
	return fs.WalkDir(m, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		f, err := m.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		return do(name, f)
	})
}
