package tokenizer

import (
	"fmt"
	"testing"
)

func TestTrie(t *testing.T) {
	keys := []string{"a", "ab", "abc", "b", "\x00", "\xff\xff", "abd"}
	for i := range 3000 {
		keys = append(keys, fmt.Sprintf("key%dé", i*i))
	}
	var entries []entry
	for i, k := range keys {
		entries = append(entries, entry{k, int32(i)})
	}
	trie := newTrie(entries)
	for i, k := range keys {
		if id, size := longestKey(trie, k); id != int32(i) || size != len(k) {
			t.Errorf("%q: got id %d and size %d, want %d and %d", k, id, size, i, len(k))
		}
	}
	for text, want := range map[string]int{"": 0, "x": 0, "abx": 2, "abcd": 3, "\xff": 0, "key": 0} {
		if _, size := longestKey(trie, text); size != want {
			t.Errorf("%q: got size %d, want %d", text, size, want)
		}
	}
	if _, size := longestKey(newTrie(nil), "a"); size != 0 {
		t.Errorf("empty trie: got size %d", size)
	}
}
