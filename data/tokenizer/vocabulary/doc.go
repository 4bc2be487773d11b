// Package vocabulary trains SentencePiece vocabularies.
package vocabulary
