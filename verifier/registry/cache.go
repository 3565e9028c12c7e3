package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// envelope is a file of the cache: an answer, and what was asked when. The date is that of UTC.
type envelope struct {
	Asked     string          `json:"asked"`
	Reference string          `json:"reference"`
	Answer    json.RawMessage `json:"answer"`
}

func (o Options) file(kind, key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(o.Cache, kind+"-"+hex.EncodeToString(sum[:])+".json")
}

// kept reads an earlier answer and tells its date. An entry that cannot be read, or is damaged in any way, is none.
func (o Options) kept(kind, key, reference string, answer any) (asked string, ok bool) {
	if o.Cache == "" {
		return "", false
	}
	text, err := os.ReadFile(o.file(kind, key))
	if err != nil {
		return "", false
	}
	var e envelope
	if json.Unmarshal(text, &e) != nil || e.Reference != reference || bytes.Equal(e.Answer, []byte("null")) {
		return "", false
	}
	if _, err := time.Parse(time.DateOnly, e.Asked); err != nil {
		return "", false
	}
	return e.Asked, json.Unmarshal(e.Answer, answer) == nil
}

// keep writes an answer down, as a whole or not at all. A cache that cannot be written is none.
func (o Options) keep(kind, key, reference string, answer any) {
	if o.Cache == "" || os.MkdirAll(o.Cache, 0o755) != nil {
		return
	}
	inner, err := json.Marshal(answer)
	if err != nil {
		return
	}
	text, err := json.Marshal(envelope{Asked: time.Now().UTC().Format(time.DateOnly), Reference: reference, Answer: inner})
	if err != nil {
		return
	}
	file, err := os.CreateTemp(o.Cache, ".answer-*")
	if err != nil {
		return
	}
	_, err = file.Write(text)
	if errors.Join(err, file.Close()) != nil || os.Rename(file.Name(), o.file(kind, key)) != nil {
		_ = os.Remove(file.Name()) // the next run asks again
	}
}
