package access

import (
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// write writes a file into a folder of the test.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadKeys(t *testing.T) {
	path := write(t, "keys", "\uFEFF# of the first client\r\n0123456789abcdef\r\n\n  another-key-of-some-length  \n"+
		"#no-key-at-all-here")
	keys, note, err := ReadKeys(path)
	if err != nil || note != "" {
		t.Fatalf("note %q, error %v", note, err)
	}
	for key, want := range map[string]bool{
		"0123456789abcdef": true, "another-key-of-some-length": true, "": false, "0123456789abcde": false,
		"0123456789abcdef ": false, "0123456789ABCDEF": false, "0123456789abcdef\n": false,
		"#no-key-at-all-here": false, "# of the first client": false,
	} {
		if got := keys.Has(key); got != want {
			t.Errorf("has %q: %v, want %v", key, got, want)
		}
	}
	if !keys.Required() || NewKeys().Has("") {
		t.Error("keys that there are not let a client in")
	}
	if none := (*Keys)(nil); none.Required() || !none.Has("") {
		t.Error("without keys everybody may ask")
	}
}

// A file that is no list of keys is refused, and no message holds what stands there.
func TestReadKeysRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":     {"", "has none"},
		"comments":  {"# secret-secret-secret\n\n", "has none"},
		"short":     {"0123456789abcdef\nsecret-secret-s\n", "line 2: the key has 15 characters, want at least 16"},
		"space":     {"secret secret secret", "line 1: a key has letters"},
		"no ASCII":  {"sécret-secret-secret", "line 1: a key has letters"},
		"binary":    {"secret-secret\x00secret", "line 1: a key has letters"},
		"two on it": {"secret-secret-secret\tsecret-secret-secret", "line 1: a key has letters"},
	} {
		_, _, err := ReadKeys(write(t, "keys", c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "cret-") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "nowhere"), t.TempDir()} {
		if _, _, err := ReadKeys(path); err == nil || !strings.HasPrefix(err.Error(), "read the keys: ") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Files of secrets that others may read are noted.
func TestSecrecy(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes of files say nothing there")
	}
	path := write(t, "keys", "0123456789abcdef")
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o644: true} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, note, err := ReadKeys(path)
		if err != nil || strings.Contains(note, "others on this machine may read") != want {
			t.Errorf("%v: note %q, error %v", mode, note, err)
		}
	}
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer a": "a", "bearer a": "a", "BEARER   a ": "a", "Bearer a b": "a b", "Bearer ": "", "Bearer": "-",
		"": "-", "Basic a": "-", "Bearera": "-", " Bearer a": "-",
	} {
		key, ok := Bearer(header)
		if !ok {
			key = "-"
		}
		if key != want {
			t.Errorf("%q: key %q, want %q", header, key, want)
		}
	}
}

func TestCertificate(t *testing.T) {
	h := httptest.NewTLSServer(nil) // which has a certificate
	defer h.Close()
	pair := h.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert := write(t, "cert", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})))
	key := write(t, "key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	keys, config, notes, err := Files{Certificate: cert, PrivateKey: key}.Read()
	if err != nil || notes != nil || len(config.Certificates) != 1 || keys != nil {
		t.Errorf("%v, notes %q, error %v", config, notes, err)
	}
	empty := write(t, "empty", "")
	for _, c := range [][2]string{{key, cert}, {cert, cert}, {cert, empty}, {empty, key}, {cert, cert + "x"}} {
		if _, _, err := Certificate(c[0], c[1]); err == nil ||
			!strings.HasPrefix(err.Error(), "read the certificate") {
			t.Errorf("%q: %v", c, err)
		}
	}
}

// Whatever a file of keys holds, it is refused or its lines are keys, and a header gives back what it was sent.
func FuzzKeys(f *testing.F) {
	for _, text := range []string{"0123456789abcdef", "# a\n0123456789abcdef\r\n", "\uFEFF0123456789abcdef", "a b",
		"\x00", "", "#", "0123456789abcdef\n0123456789abcdef", strings.Repeat("a", 1<<16)} {
		f.Add(text)
	}
	path := filepath.Join(f.TempDir(), "keys")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, _, err := ReadKeys(path)
		if err != nil {
			return
		}
		if keys.Has("") || keys.Has("short") {
			t.Errorf("%q lets in who knows no key", text)
		}
		found := 0
		for line := range strings.Lines(strings.TrimPrefix(text, "\uFEFF")) {
			key, ok := Bearer("Bearer " + line)
			if ok && keys.Has(key) {
				found++
			}
		}
		if found == 0 {
			t.Errorf("%q: no line of it is a key", text)
		}
	})
}
