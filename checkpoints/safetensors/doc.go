// Package safetensors reads and writes the safetensors format: named tensors in one file, little-endian,
// row by row, behind a JSON header.
//
//	f, err := safetensors.Open("model.safetensors")
//	defer f.Close()
//	shared, ok := f.Tensor("shared.weight")
//	values, err := shared.Float32() // [vocab, d_model], row by row
//
// A file is 8 bytes of header length N, N bytes of JSON and the data:
//
//	{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}
//
// Offsets count from the end of the header. Open maps the file and checks all of it before the first
// tensor is handed out, so that a tensor's bytes, type and shape always agree. Specification:
// https://github.com/huggingface/safetensors#format
package safetensors
