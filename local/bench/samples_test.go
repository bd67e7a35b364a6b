package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// A worked example of Welch's test with equal variances and sizes, as encyclopaedias have it.
func TestKnownData(t *testing.T) {
	c := compare(
		[]float64{27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4},
		[]float64{27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4},
	)
	near(t, "t", c.welchT, -2.46, 0.005)
	near(t, "degrees of freedom", c.welchDF, 25.0, 0.05)
	near(t, "p", c.welchP, 0.021, 0.0005)
	if !c.alike() {
		t.Error("p 0.021 is below 0.01")
	}
}

func TestEffectSize(t *testing.T) {
	// Means 2 and 5, both variances 1.
	c := compare([]float64{3, 1, 2}, []float64{4, 6, 5})
	near(t, "Cohen's d", c.cohenD, -3, 1e-9)
	near(t, "difference of medians", c.medianDifference, -3, 0.51)
	near(t, "D", c.ksD, 1, 1e-9)
}

// The quantiles of Kolmogorov's distribution (Smirnov 1948): 1.2238, 1.3581, 1.6276 leave 10, 5 and 1 %.
func TestKolmogorovDistribution(t *testing.T) {
	const n = 1 << 40 // so many that the correction is nothing
	for lambda, want := range map[float64]float64{1.2238: 0.1, 1.3581: 0.05, 1.6276: 0.01, 0.1: 1, 0.4: 0.9972, 9: 0} {
		near(t, "p", kolmogorovP(lambda/math.Sqrt(n/2), n, n), want, 0.0001)
	}
}

// Samples of one skewed distribution pass about as often as they should; shifted,
// scaled and stretched ones don't.
func TestSamplesAreToldApart(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sample := func(change func(float64) float64) []float64 {
		all := make([]float64, 2000)
		for i := range all {
			all[i] = change(3000 + 400*r.ExpFloat64())
		}
		return all
	}
	same := func(v float64) float64 { return v }
	failed := 0
	for range 200 {
		if !compare(sample(same), sample(same)).alike() {
			failed++
		}
	}
	if failed > 12 { // 2 of 100 tests would be 4 of 200; Poisson leaves 12 one in 3,000
		t.Errorf("%d of 200 pairs of alike samples were told apart", failed)
	}
	for name, change := range map[string]func(float64) float64{
		"later":  func(v float64) float64 { return v + 100 },
		"slower": func(v float64) float64 { return v * 1.05 },
		"wider":  func(v float64) float64 { return 3400 + (v-3400)*1.5 },
	} {
		if c := compare(sample(same), sample(change)); c.alike() {
			t.Errorf("%s: not found: %s", name, c)
		}
	}
}
