package corpus

import (
	"errors"

	"t5train/data"
	"t5train/data/chunks"
	"t5train/data/objective"
)

// Sampled is a sample of the chunks of a text.
type Sampled struct {
	All    *chunks.Cut
	Sample data.Sample
}

// Len implements data.Chunks.
func (p Sampled) Len() int { return p.Sample.Len() }

// Chunk implements data.Chunks.
func (p Sampled) Chunk(i int, into []int32) []int32 { return p.All.Chunk(p.Sample.At(i), into) }

// Bytes is that of [chunks.Cut].
func (p Sampled) Bytes(i int) int { return p.All.Bytes(p.Sample.At(i)) }

// ChunksOf cuts a store for a denoiser; split is how its texts are cut.
func ChunksOf(split string, s *chunks.Store, d objective.Denoiser) (*chunks.Cut, error) {
	all, err := s.Cut(chunks.Split(split), d.Objective.Lengths().Tokens)
	if err == nil && all.Len() == 0 {
		err = errNoText
	}
	return all, err
}

var errNoText = errors.New("the files have no text: every row is empty or null in this column")

// Source returns the training examples of a store. An epoch is about one pass over its text, also where several
// denoisers, each with chunks of a length of its own, share it. Each takes the chunks that draw chooses. vectors are
// those of the documents, one each, or nil; with them split is [chunks.Document].
func Source(split string, s *chunks.Store, vectors *data.Vectors, denoisers []objective.Denoiser,
	draw func(n int) data.Sample, seed uint64) (data.Source, error) {
	var components []data.Component
	for _, d := range denoisers {
		all, err := ChunksOf(split, s, d)
		if err != nil {
			return nil, err
		}
		sampled := Sampled{all, draw(all.Len())}
		source := data.NewCorrupted(sampled, d.Objective, seed)
		if vectors != nil {
			source.Vector = func(i int) []float32 { return vectors.At(all.Document(sampled.Sample.At(i))) }
		}
		components = append(components, data.Component{Name: d.Name, Source: source, Rate: d.Rate, EpochShare: d.Rate})
	}
	if len(components) == 1 {
		return components[0].Source, nil
	}
	return data.NewMixture(components, seed)
}
