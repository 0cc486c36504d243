"""The provider that ships with the product: answers from a script in the request, never from a model.

It stands in where no model can run, is the upstream of the tests and the benchmarks, and lets an operator rehearse
a provider's failures. In process it is the provider kind `dummy`; over HTTP it is
`python -m gateway.providers.dummy --port N`. The script language is described in `script`.
"""
