// Package gguf writes and reads GGUF, the file format of llama.cpp, version 3: metadata under keys, and tensors in the
// types that ggml computes with. What keys and names mean to llama.cpp is for [t5train/checkpoints/convert], whose
// files bench/check_gguf.py holds to transformers, by llama.cpp itself and the package gguf.
//
//	err := gguf.Write(w, []gguf.KV{{"general.architecture", "t5"}}, tensors)
//	file, err := gguf.Read(r, size)
//
// A file is laid out so, all of it little-endian:
//
//	"GGUF", version, number of tensors, number of keys
//	each key: its name, the type of its value, the value
//	each tensor: its name, its shape with the rows last, its type, where its elements begin
//	the elements of each tensor, which begin at a multiple of Alignment
package gguf
