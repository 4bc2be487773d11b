package splits

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"t5train/internal/ui"
)

// maxUp is how many folders up a card is looked for that describes a folder as one of its configurations.
const maxUp = 2

// Described returns the splits of a folder that its [Card] describes, of the files whose names is accepts; none where
// it describes none. Of several configurations it is the one for which the card says so, or the only one that has
// files; else an error lists them. A folder that holds all files of a configuration, such as FOLDER/en, is described by
// the card above it.
func Described(folder string, is func(name string) bool) ([]Split, error) {
	all, _, err := describedOf(folder, "", is)
	return all, err
}

// describedOf is Described of the configuration that a choice begins with, which it names, if there is one.
func describedOf(folder, choice string, is func(name string) bool) (all []Split, chosen string, err error) {
	at, err := filepath.Abs(folder)
	if err != nil {
		return nil, "", nil
	}
	rel, up := ".", folder
	for range maxUp + 1 {
		if configs := below(readCard(up), rel); len(configs) > 0 {
			names := make([]string, len(configs))
			for i, c := range configs {
				names[i] = c.name
			}
			if chosen = configIn(choice, names); chosen != "" {
				configs = slices.DeleteFunc(configs, func(c config) bool { return c.name != chosen })
			}
			all, err = choose(folder, filepath.Join(up, Card), configs, is)
			return all, chosen, err
		}
		rel = filepath.ToSlash(filepath.Join(filepath.Base(at), rel))
		at, up = filepath.Dir(at), filepath.Join(up, "..")
	}
	return nil, "", nil
}

// choose returns the splits of the configuration to take.
func choose(folder, card string, configs []config, is func(name string) bool) ([]Split, error) {
	files, err := walk(folder, depth(configs), is)
	if err != nil {
		return nil, err
	}
	var there []config // that have files
	var all [][]Split
	for _, onlyDefault := range []bool{true, false} {
		for _, c := range configs {
			if c.byDefault != onlyDefault {
				continue
			}
			if s := c.splits(folder, card, files); len(s) > 0 {
				there, all = append(there, c), append(all, s)
			}
		}
		if onlyDefault && len(there) > 0 {
			return all[0], nil
		}
	}
	switch len(there) {
	case 0:
		return nil, nil
	case 1:
		return all[0], nil
	}
	way := "name the files of one of them, such as " + all[0][0].Files[0]
	if dir := folderOf(there[0], there); dir != "" {
		way = "name the folder of one of them, such as " + filepath.Join(folder, dir)
	}
	return nil, fmt.Errorf("folder %s holds %d configurations by %s: %s: %s, or %s", folder, len(there), card,
		listed(there), way, folder+"#"+there[0].name)
}

// splits returns the splits of a configuration, whose files are among those that are there.
func (c config) splits(folder, card string, there []string) (all []Split) {
	if len(c.files) == 0 {
		all = c.named(folder, there)
	}
	for _, f := range c.files {
		match, err := compile(f.pattern)
		if err != nil {
			continue // it matches nothing
		}
		i := slices.IndexFunc(all, func(s Split) bool { return s.Name == f.split })
		for _, name := range there {
			if !match.MatchString(filepath.ToSlash(name)) {
				continue
			}
			if i < 0 {
				i, all = len(all), append(all, Split{Name: f.split, Kind: keyword(f.split)})
			}
			all[i].Files = append(all[i].Files, filepath.Join(folder, name))
		}
	}
	for i := range all {
		slices.Sort(all[i].Files)
		all[i].Files, all[i].Card = slices.Compact(all[i].Files), card
	}
	return byKind(all)
}

// named returns the splits of a configuration that is a folder, by the names of its files: all are train where none has
// a keyword.
func (c config) named(folder string, there []string) []Split {
	var names []string
	known := false
	for _, name := range there {
		if rest, ok := cutFolder(filepath.ToSlash(name), c.dir); ok || c.dir == "" {
			if c.dir == "" {
				rest = name
			}
			_, kind := Parse(rest)
			known = known || kind != ""
			names = append(names, rest)
		}
	}
	base := filepath.Join(folder, filepath.FromSlash(c.dir))
	if known || len(names) == 0 {
		return group(base, names)
	}
	train := Split{Name: Train, Kind: Train}
	for _, name := range names {
		train.Files = append(train.Files, filepath.Join(base, name))
	}
	return []Split{train}
}

// deepest bounds [depth]: links may lead around in a circle.
const deepest = 16

// depth is how deep the files of configurations may lie.
func depth(configs []config) int {
	most := 1
	for _, c := range configs {
		if len(c.files) == 0 {
			most = max(most, strings.Count(c.dir, "/")+1+maxDepth)
		}
		for _, f := range c.files {
			deep := strings.Count(f.pattern, "/") + 1
			if strings.Contains(f.pattern, "**") {
				deep += maxDepth
			}
			most = max(most, deep)
		}
	}
	return min(most, deepest)
}

// folderOf returns a folder that holds the files of one configuration and of no other, "" if there is none.
func folderOf(c config, all []config) string {
	name := c.dir
	if len(c.files) > 0 {
		name = c.files[0].pattern
	}
	folders := strings.Split(name, "/")
	for n := 1; n <= min(maxUp, len(folders)); n++ {
		dir := strings.Join(folders[:n], "/")
		if strings.ContainsAny(dir, "*?[") {
			break
		}
		if found := below(all, dir); len(found) == 1 && found[0].name == c.name {
			return dir
		}
	}
	return ""
}

// listed are the names of configurations, of which there may be hundreds.
func listed(configs []config) string {
	var names []string
	for _, c := range configs {
		names = append(names, c.name)
	}
	return ui.Shorten(names, 20)
}
