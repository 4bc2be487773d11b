package predict

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"t5train/internal/visible"
	"t5train/trainer/predict/inputfile"
)

// ParseKeep reads a list of columns, each as column or column=name. Names that answers, a struct with tags, have
// themselves are an error.
func ParseKeep[Answer any](list []string) ([]inputfile.Keep, error) {
	var keep []inputfile.Keep
	for _, text := range visible.AllUTF8(list) { // as columns are named
		k := inputfile.Keep{Column: text, Name: text}
		if column, name, found := strings.Cut(text, "="); found {
			k = inputfile.Keep{Column: column, Name: name}
		}
		switch {
		case k.Column == "" || k.Name == "":
			return nil, fmt.Errorf("keep columns: got %q, want COLUMN or COLUMN=NAME", text)
		case strings.ContainsAny(k.Name, "\",`"):
			return nil, fmt.Errorf(
				"keep columns: the name %q has a quote or a comma: keep it under another one, as COLUMN=NAME",
				k.Name,
			)
		case slices.Contains(fieldNames(reflect.TypeFor[Answer]()), k.Name):
			return nil, fmt.Errorf(
				"keep column %s: answers have a field %q of their own: keep it under another name, as %s=input_%s",
				k.Column,
				k.Name,
				k.Column,
				k.Name,
			)
		case slices.ContainsFunc(keep, func(other inputfile.Keep) bool { return other.Name == k.Name }):
			return nil, fmt.Errorf(
				"keep columns: two have the name %q: leave one out, or give it another name, as COLUMN=NAME",
				k.Name,
			)
		}
		keep = append(keep, k)
	}
	return keep, nil
}

// fieldNames lists the names of the fields and columns of an answer.
func fieldNames(answer reflect.Type) []string {
	var names []string
	for f := range answer.Fields() {
		for _, tag := range []string{f.Tag.Get("json"), f.Tag.Get("parquet")} {
			if name, _, _ := strings.Cut(tag, ","); name != "-" {
				names = append(names, name)
			}
		}
	}
	return names
}
