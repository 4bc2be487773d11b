package gguf_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"t5train/checkpoints/gguf"
)

func ExampleWrite() {
	values := []float32{1, 2, 3, 4, 5, 6}
	weight := gguf.Tensor{Name: "weight", Type: gguf.F32, Shape: []int{2, 3}, Write: func(w io.Writer) error {
		return binary.Write(w, binary.LittleEndian, values)
	}}
	var out bytes.Buffer
	if err := gguf.Write(&out, []gguf.KV{{"general.architecture", "t5"}}, []gguf.Tensor{weight}); err != nil {
		fmt.Println(err)
		return
	}
	file, err := gguf.Read(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		fmt.Println(err)
		return
	}
	read, err := file.Float32(file.Tensors[0])
	fmt.Println(file.Value("general.architecture"), file.Tensors[0].Name, file.Tensors[0].Shape, read, err)
	// Output: t5 weight [2 3] [1 2 3 4 5 6] <nil>
}
