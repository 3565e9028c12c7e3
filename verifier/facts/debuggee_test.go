package facts

import "testing"

const traceText = `panic: dcverify gopher

goroutine 1 gp=0x1 m=0 mp=0x2 [running]:
main.fall(0x2a, {0x7ffe3aeda9e3, 0x6})
	/tmp/main.go:93 +0x59
main.main()
	/tmp/main.go:30 +0x1e8

goroutine 2 gp=0x3 m=nil [force gc (idle)]:
runtime.gopark(0x0?)
	/usr/local/go/src/runtime/proc.go:462
runtime.forcegchelper()
	/usr/local/go/src/runtime/proc.go:375

goroutine 5 [chan receive, 2 minutes]:
main.idle(0x1, 0x2)
	/tmp/main.go:86 +0x31
created by main.gather in goroutine 1
	/tmp/main.go:76 +0x125
[originating from goroutine 1]:
exit status 2
`

func TestReadTrace(t *testing.T) {
	for text, want := range map[string]Trace{
		traceText:                  {Message: true, Own: true, Others: 1, Goroutines: 3, Runtime: true},
		"panic: dcverify gopher\n": {Message: true},
		"fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [running]:\r\n": {Goroutines: 1},
		"": {},
	} {
		if got := ReadTrace(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func FuzzReadTrace(f *testing.F) {
	f.Add(traceText)
	f.Add("goroutine 1 [")
	f.Fuzz(func(t *testing.T, text string) {
		// A text behind it takes nothing away.
		before, after := ReadTrace(text), ReadTrace(text+"\n"+traceText)
		if after.Goroutines != before.Goroutines+3 || after.Others != before.Others+1 || !after.Own || !after.Message || !after.Runtime {
			t.Errorf("%+v, and with a trace behind it %+v", before, after)
		}
	})
}

func TestProgramOf(t *testing.T) {
	godebug := Godebug{Programs: []GodebugProgram{{}, {Program: "/a"}, {Program: "/b", Error: "no module"}}}
	for program, want := range map[string]bool{"": true, "/a": true, "/b": false, "/c": false} {
		if got, ok := godebug.ProgramOf(program); ok != want || ok && got.Program != program {
			t.Errorf("%q: %+v, %v", program, got, ok)
		}
	}
}
