//go:build !linux

package pages

func useHugePages([]float32) {}
