// Package normalize prepares text for segmentation in the two ways that T5's tokenizers do: as SentencePiece does a
// whole text ([Normalizer]), and as Hugging Face's tokenizers library applies the same rules
// ([Charsmap.AppendPrecompiled]).
package normalize
