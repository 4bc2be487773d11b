package allreduce

import (
	"t5train/model/kernel"
	"t5train/model/op"
)

// rowBuffers are memory for the rows of tables: those of this rank and those of the others.
type rowBuffers struct{ own, others growing }

// sparsePart is the part of a table's rows up to which all ranks together send rows; above it they send the table. Each
// rank holds a copy of what is sent.
const sparsePart = 4

// sumTable replaces the gradient of a table, of which each rank has touched some rows, by its sum over the ranks.
// memory begins with the gradient and has as many elements for each rank.
func (r *Reducer) sumTable(p *op.Param, memory []float32) error {
	g, rows := r.group, p.GradRows()
	height, width := p.Shape[0], p.Shape[1]
	touched := len(rows)
	if rows == nil {
		touched = height // all of them
	}
	counts, err := Gather(g, touched)
	if err != nil {
		return err
	}
	all := 0
	for _, n := range counts {
		all += n
	}
	if all > height/sparsePart {
		return r.sumDense(p, memory)
	}
	return r.sumRows(p, rows, counts, all, width)
}

// sumDense is sum of a table, bucket by bucket.
func (r *Reducer) sumDense(p *op.Param, memory []float32) error {
	size := r.bucket()
	for at := 0; at < len(memory); at += size {
		if err := r.sum(memory[at:min(len(memory), at+size)]); err != nil {
			return err
		}
	}
	every := make([]int32, p.Shape[0])
	for i := range every {
		every[i] = int32(i)
	}
	p.AddGradRows(every)
	return nil
}

// sumRows sends the rows of this rank to all others and adds those of all ranks, in the order of the ranks.
func (r *Reducer) sumRows(p *op.Param, rows []int32, counts []int, all, width int) error {
	g, grad := r.group, p.Grad()
	bytes := 4 * (1 + width) // of a row and its number
	mine, err := r.rows.own.grow(len(rows) * bytes)
	if err != nil {
		return err
	}
	theirs, err := r.rows.others.grow((all - len(rows)) * bytes)
	if err != nil {
		return err
	}
	numbers := 4 * len(rows)
	copy(mine, bytesOf(rows))
	for i, row := range rows {
		from := grad[int(row)*width:][:width]
		copy(mine[numbers+4*i*width:], bytesOf(from))
		clear(from)
	}
	parts := make([][]byte, g.size)
	var list []transfer
	at := 0
	for rank, n := range counts {
		parts[rank] = mine
		if rank != g.rank {
			parts[rank] = theirs[at : at+n*bytes]
			at += n * bytes
			if n > 0 {
				list = append(list, transfer{rank, parts[rank], false})
			}
			if len(mine) > 0 {
				list = append(list, transfer{rank, mine, true})
			}
		}
	}
	if err := g.move(list, r.how); err != nil {
		return err
	}
	for rank, part := range parts {
		numbers := int32sOf(part[:4*counts[rank]])
		values := float32sOf(part[4*counts[rank]:])
		p.AddGradRows(numbers)
		for i, row := range numbers {
			kernel.Add(r.workers, grad[int(row)*width:][:width], values[i*width:][:width])
		}
	}
	return nil
}
