package facts

import (
	"cmp"
	"slices"
)

// Repeats is what several tries of one proof came to.
type Repeats struct {
	Tries  int       `json:"tries"`
	Passed int       `json:"passed"`
	Steps  []Timing  `json:"steps"`            // of the tries that passed, in the order of the steps; last "total"
	Others []Outcome `json:"others,omitempty"` // how the tries ended that did not pass, the most frequent first
}

// Timing is how long one step took, in milliseconds.
type Timing struct {
	Name   string `json:"name"`
	Min    int64  `json:"minMs"`
	Median int64  `json:"medianMs"`
	Max    int64  `json:"maxMs"`
}

// Outcome is one way in which tries ended.
type Outcome struct {
	Count  int    `json:"count"`
	Status Status `json:"status"`
	Step   string `json:"step"` // the last one
	Reason string `json:"reason"`
}

// Repeated makes one proof of its tries: the first that did not pass, because it says why, or else the last, with the rate
// and the timings of all. It needs at least one.
func Repeated(tries []Proof) Proof {
	result := tries[len(tries)-1]
	if failed := slices.IndexFunc(tries, func(p Proof) bool { return p.Status != Passed }); failed >= 0 {
		result = tries[failed]
	}
	r := Repeats{Tries: len(tries), Steps: []Timing{}}
	took := map[string][]int64{}
	var names []string
	for _, try := range tries {
		if try.Status != Passed {
			r.add(try)
			continue
		}
		r.Passed++
		var total int64
		for _, step := range append(slices.Clone(try.Steps), Step{Name: "total"}) {
			if step.Name == "total" {
				step.Ms = total
			}
			if took[step.Name] == nil {
				names = append(names, step.Name)
			}
			took[step.Name] = append(took[step.Name], step.Ms)
			total += step.Ms
		}
	}
	for _, name := range names {
		ms := took[name]
		slices.Sort(ms)
		r.Steps = append(r.Steps, Timing{Name: name, Min: ms[0], Median: (ms[(len(ms)-1)/2] + ms[len(ms)/2]) / 2, Max: ms[len(ms)-1]})
	}
	slices.SortStableFunc(r.Others, func(a, b Outcome) int { return cmp.Compare(b.Count, a.Count) })
	result.Repeated = &r
	return result
}

func (r *Repeats) add(try Proof) {
	end := Outcome{Count: 1, Status: try.Status, Step: "start", Reason: try.Reason}
	if n := len(try.Steps); n > 0 {
		end.Step = try.Steps[n-1].Name
	}
	for i, other := range r.Others {
		if other.Status == end.Status && other.Step == end.Step && other.Reason == end.Reason {
			r.Others[i].Count++
			return
		}
	}
	r.Others = append(r.Others, end)
}
