"""What studies and trainings spend: time, energy, and the CO2e that it stands for."""
