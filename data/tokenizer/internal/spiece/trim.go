package spiece

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Trim returns a model file without the pieces that are not to be kept. All else in it stays as it is, but for the
// number of pieces that the settings of the training name.
func Trim(raw []byte, keep func(Piece) bool) ([]byte, error) {
	kept := uint64(0)
	out, err := rewrite(raw, func(n protowire.Number, field, content []byte) ([]byte, error) {
		if n != 1 {
			return field, nil
		}
		p, err := parsePiece(content)
		if err != nil || !keep(p) {
			return nil, err
		}
		kept++
		return field, nil
	})
	if err != nil {
		return nil, fmt.Errorf("trim the SentencePiece model: %w", err)
	}
	size := protowire.AppendVarint(protowire.AppendTag(nil, 4, protowire.VarintType), kept)
	return rewrite(out, func(n protowire.Number, field, content []byte) ([]byte, error) {
		if n != 2 {
			return field, nil
		}
		settings, err := rewrite(content, func(n protowire.Number, field, _ []byte) ([]byte, error) {
			if n == 4 { // vocab_size
				return size, nil
			}
			return field, nil
		})
		return protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), settings), err
	})
}

// rewrite returns a protobuf message with what change makes of each field. content is that of a length-delimited one.
func rewrite(message []byte, change func(n protowire.Number, field, content []byte) ([]byte, error)) ([]byte, error) {
	var out []byte
	for len(message) > 0 {
		n, kind, size := protowire.ConsumeField(message)
		if size < 0 {
			return nil, protowire.ParseError(size)
		}
		var content []byte
		if kind == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(message)
			content, _ = protowire.ConsumeBytes(message[tag:size])
		}
		field, err := change(n, message[:size], content)
		if err != nil {
			return nil, err
		}
		out, message = append(out, field...), message[size:]
	}
	return out, nil
}
