package access

import (
	"errors"
	"sync"
)

// ErrMemory is the reason why a body is refused that is not too long itself.
var ErrMemory = errors.New("too many bytes in memory")

// Budget bounds the memory of all bodies and answers together. What has not arrived yet takes nearly none, so slow
// clients leave room for others.
type Budget struct {
	Limit int64

	mu   sync.Mutex
	used int64
}

// Take takes bytes, or none where there are not as many.
func (b *Budget) Take(n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.Limit {
		return ErrMemory
	}
	b.used += n
	return nil
}

// Give gives bytes back.
func (b *Budget) Give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}

// Free returns the bytes that are left.
func (b *Budget) Free() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Limit - b.used
}
