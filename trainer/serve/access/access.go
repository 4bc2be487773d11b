// Package access says who may ask a server: keys that clients show, and the certificate that it shows them.
package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"t5train/internal/bounded"
)

// Keys are the keys of which a client must show one. Nil are none: everybody may ask.
type Keys struct {
	digests [][sha256.Size]byte
}

// NewKeys returns keys; without any, nobody may ask.
func NewKeys(keys ...string) *Keys {
	k := &Keys{}
	for _, key := range keys {
		k.digests = append(k.digests, sha256.Sum256([]byte(key)))
	}
	return k
}

// minKey is the length of the shortest key: 64 bits, if its characters are hexadecimal. Shorter ones can be found by
// trying.
const minKey = 16

// ReadKeys reads a file with a key a line. Empty lines and those that begin with # are left out. note is what its owner
// should know: that others can read it.
func ReadKeys(path string) (keys *Keys, note string, err error) {
	text, err := bounded.ReadFile(path)
	if err != nil {
		return nil, "", fmt.Errorf("read the keys: %w", err)
	}
	var list []string
	const remedy = "such as that of openssl rand -hex 32"
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\uFEFF")) {
		n++
		key := strings.TrimSpace(line)
		if key == "" || key[0] == '#' {
			continue
		}
		// What a header can hold. The key itself is no part of the message, which may end in a log.
		if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, "", fmt.Errorf("read the keys: %s line %d: a key has letters, digits and signs of ASCII only, "+
				"without spaces", path, n)
		}
		if len(key) < minKey {
			return nil, "", fmt.Errorf("read the keys: %s line %d: the key has %d characters, want at least %d, %s",
				path, n, len(key), minKey, remedy)
		}
		list = append(list, key)
	}
	if len(list) == 0 {
		return nil, "", fmt.Errorf("read the keys: %s has none: write one a line, %s", path, remedy)
	}
	return NewKeys(list...), secrecy(path), nil
}

// Files are those that say who may ask a server, and that it shows to those who ask. An empty name is no file.
type Files struct {
	Keys                    string // see ReadKeys
	Certificate, PrivateKey string // see Certificate
}

// Read reads the files that are named. notes are what their owner should know.
func (f Files) Read() (keys *Keys, config *tls.Config, notes []string, err error) {
	noted := func(note string) {
		if note != "" {
			notes = append(notes, note)
		}
	}
	var note string
	if f.Keys != "" {
		keys, note, err = ReadKeys(f.Keys)
		noted(note)
	}
	if err == nil && f.Certificate != "" {
		config, note, err = Certificate(f.Certificate, f.PrivateKey)
		noted(note)
	}
	return keys, config, notes, err
}

// secrecy says that others may read a file, if they may.
func secrecy(path string) string {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		return fmt.Sprintf("others on this machine may read %s (%s): chmod 600 makes it yours alone", path,
			info.Mode().Perm())
	}
	return ""
}

// Required reports whether a client needs a key.
func (k *Keys) Required() bool { return k != nil }

// Has reports whether a key is one of them. It takes as long whatever the key is, so that trying them tells nothing.
func (k *Keys) Has(key string) bool {
	if k == nil {
		return true
	}
	digest, found := sha256.Sum256([]byte(key)), 0
	for _, own := range k.digests {
		found |= subtle.ConstantTimeCompare(digest[:], own[:])
	}
	return found == 1
}

// Bearer returns the key of an Authorization header, which has "Bearer" in front of it.
func Bearer(header string) (key string, ok bool) {
	scheme, key, ok := strings.Cut(header, " ")
	return strings.TrimSpace(key), ok && strings.EqualFold(scheme, "Bearer")
}

// Certificate reads what a server needs for TLS from PEM files: its certificate, followed by those that signed it, and
// its private key. note is what its owner should know: that others can read the key.
func Certificate(certFile, keyFile string) (config *tls.Config, note string, err error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission):
		return nil, "", fmt.Errorf("read the certificate: %w", err)
	case err != nil:
		return nil, "",
			fmt.Errorf("read the certificate %s and its key %s: %w: want two PEM files that belong together",
				certFile, keyFile, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, secrecy(keyFile), nil
}
