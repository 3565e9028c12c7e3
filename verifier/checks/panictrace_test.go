package checks

import "testing"

// TestPromised holds what Go 1.26 printed for each of these values.
func TestPromised(t *testing.T) {
	silent := promise{}
	none, single := promise{known: true}, promise{own: true, known: true}
	all := promise{own: true, others: true, known: true}
	system := promise{own: true, others: true, runtime: true, known: true}
	crash := promise{own: true, others: true, runtime: true, abort: true, known: true}
	for value, want := range map[string]promise{
		"": single, "none": none, "0": none, "single": single, "all": all, "1": all, "+1": all, "system": system, "2": system, "12": system, "crash": crash,
		"full": silent, "wer": silent, "ALL": silent, "Single": silent, "-1": silent, "4294967296": silent,
	} {
		if got := promised(value, true); got != want {
			t.Errorf("GOTRACEBACK=%s promises %+v, want %+v", value, got, want)
		}
	}
	if got := promised("", false); got != single {
		t.Errorf("nothing promises %+v", got)
	}
}
