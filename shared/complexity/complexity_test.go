package complexity

import (
	"strings"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/secret"
)

func TestScore(t *testing.T) {
	for _, c := range []struct {
		password string
		personal []string
		least    int
		most     int
	}{
		{"", nil, 0, 0},
		{"password", nil, 0, 0},
		{"qwertyuiop", nil, 0, 1},
		{"ada.lovelace", []string{"ada.lovelace"}, 0, 1},
		{"correct horse battery staple", nil, Most, Most},
		{"SD:n25a9-?Z8e-49bQ  D%", nil, Most, Most},
		{"\xff\xfe\x00", nil, 0, Most},
		{"пароль пароль пароль", nil, 0, Most},
	} {
		if score := Score(secret.NewText(c.password), c.personal...); score < c.least || score > c.most {
			t.Errorf("%q scores %d, want %d to %d", c.password, score, c.least, c.most)
		}
	}
}

// A long password costs no more than a shorter one.
func TestLongPasswordsAreCheap(t *testing.T) {
	begun := time.Now()
	Score(secret.NewText(strings.Repeat("Passw0rd1999-", 1000)))
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzScore(f *testing.F) {
	f.Add("correct horse battery staple", "ada")
	f.Add("\xffé1999-01-01qwerty", "\xff")
	f.Fuzz(func(t *testing.T, password, personal string) {
		if score := Score(secret.NewText(password), personal); score < 0 || score > Most {
			t.Errorf("%q scores %d", password, score)
		}
	})
}
