"""The examples of the seeds as one story, told through one door of a served sandbox or the other."""
