"""Which changes of the code would no test notice?"""
