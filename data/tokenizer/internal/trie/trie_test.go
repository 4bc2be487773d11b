package trie

import (
	"fmt"
	"testing"
)

func TestTrie(t *testing.T) {
	keys := []string{"a", "ab", "abc", "b", "\x00", "\xff\xff", "abd"}
	for i := range 3000 {
		keys = append(keys, fmt.Sprintf("key%dé", i*i))
	}
	var entries []Entry
	for i, k := range keys {
		entries = append(entries, Entry{k, int32(i)})
	}
	built := New(entries)
	for i, k := range keys {
		if id, size := Longest(built, k); id != int32(i) || size != len(k) {
			t.Errorf("%q: got id %d and size %d, want %d and %d", k, id, size, i, len(k))
		}
	}
	for text, want := range map[string]int{"": 0, "x": 0, "abx": 2, "abcd": 3, "\xff": 0, "key": 0} {
		if _, size := Longest(built, text); size != want {
			t.Errorf("%q: got size %d, want %d", text, size, want)
		}
	}
	if _, size := Longest(New(nil), "a"); size != 0 {
		t.Errorf("empty trie: got size %d", size)
	}
}
