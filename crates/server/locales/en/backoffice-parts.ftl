# Lists, forms and other shared parts
field-optional = (optional)
field-choose = Please choose
field-comment = Reviewer’s comment:
field-earlier = Earlier versions
rows-remove = Remove this row
mends =
    .prefix = To mend: { "" }

list-all = All
list-size = Rows a page
    .rows = { $count }
list-search = Search
list-everything = Show all
list-nothing = Nothing matches.
list-beyond = There is nothing on this page any more.
    .last = To the last page
list-count =
    { $count ->
        [one] 1 entry
       *[other] { $count } entries
    }
list-range = Entries { $first } to { $last } of { $count }
list-pages = Pages
list-page = Page { $page }
list-previous = Previous
list-next = Next

way-summary = Step { $step } of { $steps }: { $label }
