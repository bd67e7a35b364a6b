package main

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// alpha is the least p with which two samples pass for alike.
const alpha = 0.01

// A comparison is what two samples of times, in microseconds, have to tell of each other.
type comparison struct {
	welchT, welchDF, welchP float64
	ksD, ksP                float64
	cohenD                  float64 // difference of means in standard deviations (pooled)
	medianDifference        float64 // of the first less the second, µs
	medians                 [2]float64
}

// compare takes two samples of two values or more, which it sorts.
func compare(x, y []float64) comparison {
	slices.Sort(x)
	slices.Sort(y)
	c := comparison{
		ksD:     stat.KolmogorovSmirnov(x, nil, y, nil),
		medians: [2]float64{stat.Quantile(0.5, stat.LinInterp, x, nil), stat.Quantile(0.5, stat.LinInterp, y, nil)},
	}
	c.medianDifference = c.medians[0] - c.medians[1]
	c.ksP = kolmogorovP(c.ksD, len(x), len(y))
	c.welch(x, y)
	return c
}

// welch is the t test for samples whose variances may differ (Welch 1947), two-sided.
func (c *comparison) welch(x, y []float64) {
	meanX, varX := stat.MeanVariance(x, nil)
	meanY, varY := stat.MeanVariance(y, nil)
	nX, nY := float64(len(x)), float64(len(y))
	errX, errY := varX/nX, varY/nY
	c.welchT = (meanX - meanY) / math.Sqrt(errX+errY)
	c.welchDF = (errX + errY) * (errX + errY) / (errX*errX/(nX-1) + errY*errY/(nY-1))
	c.welchP = 2 * distuv.StudentsT{Sigma: 1, Nu: c.welchDF}.Survival(math.Abs(c.welchT))
	c.cohenD = (meanX - meanY) / math.Sqrt(((nX-1)*varX+(nY-1)*varY)/(nX+nY-2))
}

// kolmogorovP is the chance that two samples of one distribution are d apart or more:
// Kolmogorov's limit with Stephens' (1970) correction for finite samples.
func kolmogorovP(d float64, nX, nY int) float64 {
	n := math.Sqrt(float64(nX) * float64(nY) / float64(nX+nY))
	lambda := (n + 0.12 + 0.11/n) * d
	if lambda < 0.2 { // the series below needs ever more terms; the chance is 1 to 12 digits
		return 1
	}
	sum := 0.0
	for k := 1.0; k <= 100; k++ {
		term := math.Exp(-2 * k * k * lambda * lambda)
		if int(k)%2 == 0 {
			term = -term
		}
		sum += term
	}
	return min(1, max(0, 2*sum))
}

// alike reports whether neither test tells the samples apart.
func (c comparison) alike() bool { return c.welchP > alpha && c.ksP > alpha }

// String is the comparison in one line.
func (c comparison) String() string {
	return fmt.Sprintf("medians %.0f and %.0f µs (%+.1f); Welch t %+.2f, p %.3g; Kolmogorov-Smirnov D %.4f, p %.3g; Cohen's d %+.4f",
		c.medians[0], c.medians[1], c.medianDifference, c.welchT, c.welchP, c.ksD, c.ksP, c.cohenD)
}
