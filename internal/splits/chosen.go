package splits

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Chosen divides what a user names into the folder of a data set and the split, the configuration or both that are
// chosen of it:
//
//	reviews#validation, glue#cola, glue#cola/validation
//
// A path that is there as a whole chooses nothing.
func Chosen(argument string) (folder, choice string) {
	at := strings.LastIndexByte(argument, '#')
	if at < 1 {
		return argument, ""
	}
	if _, err := os.Lstat(argument); err == nil {
		return argument, ""
	}
	if info, err := os.Stat(argument[:at]); err != nil || !info.IsDir() {
		return argument, ""
	}
	return argument[:at], argument[at+1:]
}

// With returns the argument that chooses a split of what an argument names, which may choose a configuration.
func With(argument, split string) string {
	if _, choice := Chosen(argument); choice != "" {
		return argument + "/" + split
	}
	return argument + "#" + split
}

// configIn returns the configuration among those that are there which a choice begins with, by its name or the folder
// in data that it is; "" where it begins with none.
func configIn(choice string, configs []string) string {
	for _, c := range configs {
		name := strings.TrimPrefix(c, "data/")
		for _, name := range []string{c, name} {
			if c != "" && (choice == name || strings.HasPrefix(choice, name+"/")) {
				return c
			}
		}
	}
	return ""
}

// splitOf returns the split that a choice names, alone or behind a configuration; -1 is none.
func splitOf(choice string, all []Split) int {
	return slices.IndexFunc(all, func(s Split) bool {
		return s.Name != "" && (choice == s.Name || strings.HasSuffix(choice, "/"+s.Name))
	})
}

// checkChoice makes sure that a choice is one of the configuration that was found, "" for none, or one of its splits.
func checkChoice(folder, choice, config string, all []Split) error {
	if choice == "" || splitOf(choice, all) >= 0 || config != "" && choice == config ||
		config != "" && "data/"+choice == config {
		return nil
	}
	return fmt.Errorf("folder %s has no split or configuration %q: its splits are %s", folder, choice,
		strings.Join(names(all), ", "))
}
