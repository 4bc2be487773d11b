// Package segment cuts normalised text into the pieces of a vocabulary, by unigram probabilities or by BPE merges.
package segment

// Scratch is memory that calls use again, one after the other.
type Scratch struct {
	nodes   []node
	ends    []int
	symbols []symbol
	queue   mergeQueue
}

// Unknown is what unknown characters become.
type Unknown struct {
	ID    int32
	Bytes *[256]int32 // the piece of every byte; nil: there is no byte fallback
}

// append appends one piece of a text whose ids begin at dst[first]. A run of unknown characters becomes one unknown
// token, or the bytes they consist of.
func (u *Unknown) append(dst []int32, first int, id int32, text []byte) []int32 {
	if id != u.ID {
		return append(dst, id)
	}
	if u.Bytes != nil {
		for _, b := range text {
			dst = append(dst, u.Bytes[b])
		}
		return dst
	}
	if len(dst) > first && dst[len(dst)-1] == u.ID {
		return dst
	}
	return append(dst, u.ID)
}
