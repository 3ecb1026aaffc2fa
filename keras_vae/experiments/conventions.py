"""What measures, figures and verdicts must agree on."""

TARGET = "Attractive"
TRAVERSED = ("Smiling", "Male")  # Astorga et al. 2025, figure 5
STRENGTHS = tuple(range(-3, 4))  # n of z' = z + nΔ
