package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// Digest returns a SHA-256 of the examples, in hexadecimal: of their ids, of where each begins and ends, and of their
// labels. Equal digests mean equal examples in the same order, wherever the files lie and however they are cut.
func (e *Examples) Digest() string {
	h := sha256.New()
	buffer := make([]byte, 0, 1<<16)
	buffer = digestInts(h, buffer, e.labels)
	for _, r := range []sequences{e.inputs, e.targets} {
		buffer = digestInts(h, buffer, r.ends)
		buffer = digestInts(h, buffer, r.ids)
	}
	h.Write(buffer)
	return hex.EncodeToString(h.Sum(nil))
}

// digestInts adds a list and its length to a hash, through a buffer, and returns what is still in that.
func digestInts[T int | int32](h hash.Hash, buffer []byte, list []T) []byte {
	buffer = binary.LittleEndian.AppendUint64(buffer, uint64(len(list)))
	for _, v := range list {
		if len(buffer)+8 > cap(buffer) {
			h.Write(buffer)
			buffer = buffer[:0]
		}
		buffer = binary.LittleEndian.AppendUint64(buffer, uint64(v))
	}
	return buffer
}
