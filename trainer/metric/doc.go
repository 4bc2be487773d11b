// Package metric measures predictions as they come: one call of Add each, one of Result at the end. Values
// and definitions are those of scikit-learn, on its scale from 0 to 1, with zero_division=0.
//
//	m, err := metric.NewClassification([]string{"not_equivalent", "equivalent"})
//	for ... {
//		err := m.Add(label, prediction) // -1 for a prediction that is no label
//	}
//	for _, v := range m.Result() {
//		fmt.Println(v.Name, v.Value)
//	}
package metric

// Value is one number of a result.
type Value struct {
	Name  string
	Value float64
}
