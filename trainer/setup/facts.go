package setup

import (
	"t5train/configs"
	"t5train/data/dataset"
)

// Facts finds what the settings of a fine-tuning follow from, as far as file heads tell. What cannot be found is left
// out: reading the model or the data for the run tells why.
func Facts(c configs.Config) configs.Facts {
	c.Resolve()
	f := configs.Facts{Pretrained: c.Model.Path != ""}
	for _, t := range Components(&c) {
		rows, err := dataset.Open(t.Train, dataset.ForTraining, c.Data.MaxTrainExamples, 0)
		if err != nil {
			f.Rows = 0
			break
		}
		f.Rows += int(rows.Rows())
	}
	return f
}
