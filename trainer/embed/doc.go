// Package embed makes vectors of texts: the states of the last layer of an encoder, their mean over the tokens of a
// text, or what the modules of a sentence-transformers folder make of that.
//
//	e, err := embed.Open("sentence-t5-base", predict.OpenOptions{}, embed.Options{})
//	vectors, err := e.Embed(ctx, []string{"That is good."}) // vectors[0].Embedding has d_model numbers
//
// The checkpoint may be a whole model, in float32 or in eight bits, or an encoder alone. Its decoder is not read.
package embed
