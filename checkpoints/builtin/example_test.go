package builtin_test

import (
	"fmt"

	"t5train/checkpoints/builtin"
)

func ExampleIsName() {
	fmt.Println(builtin.IsName(builtin.Default), builtin.IsName("runs/first"))
	// Output: true false
}
