package inspect

import (
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
	"t5train/data/task/infer"
	"t5train/internal/visible"
)

// Roles say what columns are for, by their names.
type Roles struct {
	Texts   []string `json:"texts"`   // that a model reads
	Targets []string `json:"targets"` // texts that it writes
	Labels  []string `json:"labels"`  // classes, of which it writes the names
}

// FindRoles returns the roles of columns: those that are asked for, and where none are for a role, those that names and
// types suggest. Labels are ClassLabels and a column named label or labels. Targets are strings of a name that is usual
// for what a model writes. Texts are all other strings, but for identifiers. Lists of strings count as strings.
func FindRoles(columns []table.Column, asked Roles) (Roles, error) {
	// As columns are named.
	asked = Roles{visible.AllUTF8(asked.Texts), visible.AllUTF8(asked.Targets), visible.AllUTF8(asked.Labels)}
	for _, role := range []struct {
		names []string
		fits  func(table.Column) bool
		want  string
	}{
		{asked.Texts, isText, "string"}, {asked.Targets, isText, "string"}, {asked.Labels, canLabel,
			"string, int or bool"},
	} {
		for _, name := range role.names {
			i := slices.IndexFunc(columns, func(c table.Column) bool { return c.Name == name })
			if i < 0 {
				return Roles{}, fmt.Errorf("there is no column %s: the columns are %s", name,
					strings.Join(namesOf(columns, nil), ", "))
			}
			if !role.fits(columns[i]) {
				return Roles{}, fmt.Errorf("column %s is of type %s, want %s", name, columns[i].FullType(), role.want)
			}
		}
	}
	taken := func(name string) bool {
		return slices.Contains(asked.Texts, name) || slices.Contains(asked.Targets, name) ||
			slices.Contains(asked.Labels, name)
	}
	found := asked
	if len(found.Labels) == 0 {
		found.Labels = namesOf(columns, func(c table.Column) bool {
			return !taken(c.Name) && canLabel(c) && (c.ClassLabels != nil || infer.IsLabelName(c.Name))
		})
	}
	isLabel := func(name string) bool { return slices.Contains(found.Labels, name) }
	if len(found.Targets) == 0 {
		found.Targets = namesOf(columns, func(c table.Column) bool {
			return !taken(c.Name) && isText(c) && !isLabel(c.Name) && isTarget(c.Name)
		})
	}
	if len(found.Texts) == 0 {
		found.Texts = namesOf(columns, func(c table.Column) bool {
			return !taken(c.Name) && isText(c) && !isLabel(c.Name) && !slices.Contains(found.Targets, c.Name) &&
				!isIdentifier(c.Name)
		})
	}
	return found, nil
}

// Only returns the roles of some columns.
func (r Roles) Only(columns []string) Roles {
	return r.without(func(name string) bool { return !slices.Contains(columns, name) })
}

// without returns the roles of the other columns.
func (r Roles) without(drop func(name string) bool) Roles {
	return Roles{
		Texts:   slices.DeleteFunc(slices.Clone(r.Texts), drop),
		Targets: slices.DeleteFunc(slices.Clone(r.Targets), drop),
		Labels:  slices.DeleteFunc(slices.Clone(r.Labels), drop),
	}
}

func isText(c table.Column) bool { return c.Type == table.TypeString && c.Lists <= 1 }

func canLabel(c table.Column) bool {
	return c.Lists <= 1 && (c.Type == table.TypeString || c.Type == table.TypeInt || c.Type == table.TypeBool)
}

// isTarget says whether a column's name is usual for what a model writes: one that tasks know, or another one.
func isTarget(name string) bool {
	return infer.IsTargetName(name) || slices.Contains([]string{"outputs", "response", "label_text"},
		strings.ToLower(name))
}

// isIdentifier says whether a column's name is that of a number or a place, which no model reads.
func isIdentifier(name string) bool {
	switch strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]) {
	case "path", "file":
		return true
	}
	return infer.IsIdentifier(name)
}

// namesOf returns the names of the columns for which keep holds; nil keeps all.
func namesOf(columns []table.Column, keep func(table.Column) bool) []string {
	var names []string
	for _, c := range columns {
		if keep == nil || keep(c) {
			names = append(names, c.Name)
		}
	}
	return names
}

// find returns the columns of these names, which are there.
func find(columns []table.Column, names []string) []table.Column {
	found := make([]table.Column, len(names))
	for i, name := range names {
		found[i] = columns[slices.IndexFunc(columns, func(c table.Column) bool { return c.Name == name })]
	}
	return found
}
