// Package optional works with optional settings: pointers, of which nil means unset.
package optional

// Value returns what a setting holds; zero if it is unset.
func Value[T any](setting *T) (value T) {
	if setting != nil {
		value = *setting
	}
	return value
}

// Fill sets a setting that is unset.
func Fill[T any](setting **T, value T) {
	if *setting == nil {
		*setting = &value
	}
}
