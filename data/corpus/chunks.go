package corpus

import (
	"errors"

	"t5train/data"
	"t5train/data/chunks"
	"t5train/data/objective"
)

// Sampled is a sample of the pieces of a text.
type Sampled struct {
	All    *chunks.Pieces
	Sample data.Sample
}

// Len implements data.Pieces.
func (p Sampled) Len() int { return p.Sample.Len() }

// Piece implements data.Pieces.
func (p Sampled) Piece(i int, into []int32) []int32 { return p.All.Piece(p.Sample.At(i), into) }

// Bytes is that of [chunks.Pieces].
func (p Sampled) Bytes(i int) int { return p.All.Bytes(p.Sample.At(i)) }

// PiecesOf cuts a store for a denoiser; split is how its texts are cut.
func PiecesOf(split string, s *chunks.Store, d objective.Denoiser) (*chunks.Pieces, error) {
	all, err := s.Pieces(chunks.Split(split), d.Objective.Lengths().Tokens)
	if err == nil && all.Len() == 0 {
		err = errNoText
	}
	return all, err
}

var errNoText = errors.New("the files have no text: every row is empty or null in this column")

// Source returns the training examples of a store. An epoch is about one pass over its text, also where several
// denoisers, each with pieces of a length of its own, share it. Each takes the pieces that draw chooses. vectors are
// those of the documents, one each, or nil; with them split is [chunks.Document].
func Source(split string, s *chunks.Store, vectors *data.Vectors, denoisers []objective.Denoiser,
	draw func(pieces int) data.Sample, seed uint64) (data.Source, error) {
	var tasks []data.Task
	for _, d := range denoisers {
		all, err := PiecesOf(split, s, d)
		if err != nil {
			return nil, err
		}
		pieces := Sampled{all, draw(all.Len())}
		source := data.NewCorrupted(pieces, d.Objective, seed)
		if vectors != nil {
			source.Vector = func(i int) []float32 { return vectors.At(all.Document(pieces.Sample.At(i))) }
		}
		tasks = append(tasks, data.Task{Name: d.Name, Source: source, Rate: d.Rate, Part: d.Rate})
	}
	if len(tasks) == 1 {
		return tasks[0].Source, nil
	}
	return data.NewMixture(tasks, seed)
}
