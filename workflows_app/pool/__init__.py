"""The pool of worker processes: the one package that knows django-q2."""
