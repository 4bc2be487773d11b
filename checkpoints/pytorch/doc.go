// Package pytorch reads the weights in a file that torch.save has written, such as pytorch_model.bin, and executes
// nothing of it.
//
//	f, err := pytorch.Open("pytorch_model.bin")
//	defer f.Close()
//	shared, ok := f.Tensor("shared.weight") // shares the memory of the file
//
// Such a file is a pickle, a program for a stack machine that makes objects, and the numbers of the tensors beside it:
// in a zip archive since PyTorch 1.6, behind each other before. A pickle may call any function of Python. This machine
// knows the few instructions, and the few functions and classes, that a dictionary of tensors needs; anything else is
// an error that names it.
package pytorch
