package trainer

import (
	"fmt"
	"hash/crc32"
	"maps"

	"t5train/checkpoints"
	"t5train/internal/difference"
)

// view is what a rank is about to do. All must be about to do the same. Fields are exported for the exchange.
type view struct {
	Overwrite bool
	Step      int // to go on from
	Resume    bool
	Config    map[string]string // see decisive
	Data      map[string]string // see material
	Examples  int64
	Weights   uint32 // their checksum
}

// differs says what is other than in o, "" if nothing is.
func (v view) differs(o view) string {
	switch {
	case v.Overwrite != o.Overwrite:
		return "another --overwrite"
	case v.Step != o.Step || v.Resume != o.Resume:
		return fmt.Sprintf("another run in its output folder, which must be on a file system that all ranks share (it would %s, the other one %s)", v.begins(), o.begins())
	case !maps.Equal(v.Config, o.Config):
		return "another configuration (" + difference.Of(o.Config, v.Config)[0] + ")"
	case v.Examples != o.Examples || !maps.Equal(v.Data, o.Data):
		return "other examples"
	case v.Weights != o.Weights:
		return "other weights to start from"
	}
	return ""
}

func (v view) begins() string {
	if v.Resume {
		return fmt.Sprintf("go on from step %d", v.Step)
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
