package distill

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// made returns the outputs for examples, of which each has as many target tokens as its number modulo 5, and one more.
func made(k int) func(ctx context.Context, lo, hi int) ([]Example, error) {
	return func(_ context.Context, lo, hi int) (all []Example, err error) {
		for i := lo; i < hi; i++ {
			var e Example
			for n := range i%5 + 1 {
				e.Target = append(e.Target, int32(i+n))
				for j := range k {
					e.IDs, e.Probabilities = append(e.IDs, int32(i*j)), append(e.Probabilities, float32(j)/8)
				}
				if k > 0 {
					e.Probabilities = append(e.Probabilities, 0.5)
				}
			}
			all = append(all, e)
		}
		return all, nil
	}
}

func equal(a, b Example) bool {
	return slices.Equal(a.Target, b.Target) && slices.Equal(a.IDs, b.IDs) &&
		slices.Equal(a.Probabilities, b.Probabilities)
}

// check opens the file and compares all that it holds.
func check(t *testing.T, path string, key Key, replace bool) {
	t.Helper()
	o, err := Open(t.Context(), path, key, replace, made(key.TopK), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	want, _ := made(key.TopK)(t.Context(), 0, key.Examples)
	if o.Len() != len(want) {
		t.Fatalf("%d examples, want %d", o.Len(), len(want))
	}
	for i, e := range want {
		if got := o.At(i); !equal(got, e) {
			t.Fatalf("example %d is %v, want %v", i, got, e)
		}
	}
}

// A file that was cut anywhere, or has a byte changed behind its first line, is made whole again, to the same bytes.
func TestOutputsAreMadeWhole(t *testing.T) {
	for _, k := range []int{0, 3} {
		key := Key{Teacher: "a", Data: "b", TopK: k, Examples: 2*blockExamples + 7}
		path := filepath.Join(t.TempDir(), "outputs")
		check(t, path, key, false)
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		begin := slices.Index(want, '\n') + 1
		for at := 0; at <= len(want); at += 1 + at/9 {
			broken := [][]byte{want[:at]}
			if at >= begin && at < len(want) {
				flipped := slices.Clone(want)
				flipped[at] ^= 1
				broken = append(broken, flipped)
			}
			for _, content := range broken {
				if err := os.WriteFile(path, content, 0o666); err != nil {
					t.Fatal(err)
				}
				check(t, path, key, false)
				if got, _ := os.ReadFile(path); !slices.Equal(got, want) {
					t.Fatalf("cut or changed at %d the file is another one", at)
				}
			}
		}
	}
}

// What an earlier call has computed is not computed again.
func TestOutputsAreResumed(t *testing.T) {
	key := Key{Teacher: "a", Data: "b", TopK: 2, Examples: 3 * blockExamples}
	path := filepath.Join(t.TempDir(), "outputs")
	stop := errors.New("stop")
	_, err := Open(t.Context(), path, key, false, func(ctx context.Context, lo, hi int) ([]Example, error) {
		if lo == 2*blockExamples {
			return nil, stop
		}
		return made(2)(ctx, lo, hi)
	}, nil)
	if !errors.Is(err, stop) {
		t.Fatalf("error %v, want %v", err, stop)
	}
	var asked []int
	o, err := Open(t.Context(), path, key, false, func(ctx context.Context, lo, hi int) ([]Example, error) {
		asked = append(asked, lo)
		return made(2)(ctx, lo, hi)
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Close()
	if !slices.Equal(asked, []int{2 * blockExamples}) {
		t.Errorf("computed from %v", asked)
	}
	check(t, path, key, false)
}

func TestOtherOutputsAreRefused(t *testing.T) {
	key := Key{Teacher: "a", Data: "b", TopK: 2, Temperature: 2, Examples: 3}
	for want, change := range map[string]func(*Key){
		"of another teacher": func(k *Key) { k.Teacher = "c" },
		"for other examples": func(k *Key) { k.Data = "c" },
		"of other settings":  func(k *Key) { k.Temperature = 1 },
	} {
		path := filepath.Join(t.TempDir(), "outputs")
		check(t, path, key, false)
		other := key
		change(&other)
		_, err := Open(t.Context(), path, other, false, made(2), nil)
		if !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		check(t, path, key, false) // it is as it was
		check(t, path, other, true)
	}
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte("my own text\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, replace := range []bool{false, true} {
		if _, err := Open(t.Context(), path, key, replace, made(2), nil); !errors.Is(err, ErrOther) {
			t.Errorf("error %v of a file of the user's, want %v", err, ErrOther)
		}
	}
}

// Whatever a file holds behind its key, it is read or refused.
func FuzzOutputs(f *testing.F) {
	key := Key{Version: 1, TopK: 1, Examples: 2}
	for _, seed := range []string{"", "\x01", "\x08\x00\x00\x00\x00\x00\x00\x00aaaaaaaa",
		"\x04\x00\x00\x00\x1c\xdf\x44\x21\x00\x00\x00\x00", "\xff\xff\xff\xff\x00\x00\x00\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		at, end, err := scan(data, 0, key)
		if err != nil {
			return
		}
		o := Outputs{k: key.TopK, data: data[:end], at: at}
		for i := range o.Len() {
			o.At(i)
		}
	})
}
