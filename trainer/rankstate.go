package trainer

import (
	"fmt"
	"hash/crc32"
	"maps"

	"t5train/checkpoints"
	"t5train/internal/difference"
)

// rankState is what a rank is about to do. All must be about to do the same. Fields are exported for the exchange.
type rankState struct {
	Overwrite bool
	Step      int // to go on from
	Resume    bool
	Config    map[string]string // see resumeKeys
	Data      map[string]string // see setup.Datasets
	Examples  int64
	Weights   uint32 // their checksum
}

// diff returns what is other than in o, "" if nothing is.
func (s rankState) diff(o rankState) string {
	switch {
	case s.Overwrite != o.Overwrite:
		return "another --overwrite"
	case s.Step != o.Step || s.Resume != o.Resume:
		return fmt.Sprintf("another run in its output folder, which must be on a file system that all ranks share (it would %s, the other one %s)", s.action(), o.action())
	case !maps.Equal(s.Config, o.Config):
		return "another configuration (" + difference.Of(o.Config, s.Config)[0] + ")"
	case s.Examples != o.Examples || !maps.Equal(s.Data, o.Data):
		return "other examples"
	case s.Weights != o.Weights:
		return "other weights to start from"
	}
	return ""
}

func (s rankState) action() string {
	if s.Resume {
		return fmt.Sprintf("go on from step %d", s.Step)
	}
	return "begin anew"
}

// weightsDigest returns a checksum of all weights.
func weightsDigest(b *checkpoints.Folder) (digest uint32) {
	table := crc32.MakeTable(crc32.Castagnoli)
	for _, t := range b.Weights() {
		digest = crc32.Update(digest, table, t.Data)
	}
	return digest
}
